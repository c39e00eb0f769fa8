"""The onnxruntime engine: PyTorch's features, the same bits for any batch and thread count."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from evaluator.backbones.inception import DIMS, Inception, preprocess
from evaluator.backbones.inception_layers import convolution, padding_of, stride_of, wire
from evaluator.backbones.inception_onnx import OnnxInception
from evaluator.backbones.inception_streams import resized_cleanly, spatial
from evaluator.backbones.loading import LoadedState, exact_arithmetic
from evaluator.errors import PlatformFault
from tests.evaluator.backbones.peers import random_state

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 96, 128, 3), np.uint8)
ARRAYS = {name: tensor.numpy() for name, tensor in random_state().items()}


@pytest.mark.parametrize("dims", DIMS)
def test_both_engines_give_the_same_features(dims: int) -> None:
    state = LoadedState("test", random_state(), "")
    with exact_arithmetic():
        network = Inception(state, dims=dims, device=torch.device("cpu"))
        expected = network.features(torch.from_numpy(PIXELS[:1])).numpy()
    found = OnnxInception(ARRAYS, dims=dims, source="test").rows(PIXELS[:1])
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_rows_are_those_of_doubles() -> None:
    """Minimal filtering errs by more than plain sums; of the rows that much is allowed."""
    expected = wire(_Doubles(), preprocess(torch.from_numpy(PIXELS[:1])).double(), 2048)
    exact = expected.mean(dim=(2, 3)).numpy()
    found = OnnxInception(ARRAYS, dims=2048, source="test").rows(PIXELS[:1])
    assert np.linalg.norm(found - exact) <= 1e-6 * np.linalg.norm(exact)


class _Doubles:
    """``inception_layers.Operations`` of PyTorch's float64."""

    def convolve(self, x: Tensor, layer: str) -> Tensor:
        weight, bias = (
            torch.from_numpy(each).double() for each in convolution(ARRAYS, layer, source="test")
        )
        padding = padding_of(layer, *weight.shape[2:])
        return F.relu(F.conv2d(x, weight, bias, stride_of(layer), padding))

    def halve(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 2)

    def maximum(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 1, 1)

    def average(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)

    def join(self, branches: Sequence[Tensor]) -> Tensor:
        return torch.cat(list(branches), 1)


def test_a_picture_s_features_do_not_depend_on_batch_or_threads() -> None:
    network = OnnxInception(ARRAYS, dims=768, source="test")
    together = network.rows(PIXELS)
    with ThreadPoolExecutor(3) as pool:
        apart = list(pool.map(network.rows, (PIXELS[index : index + 1] for index in range(3))))
    by_two = OnnxInception(ARRAYS, dims=768, source="test", threads=2).rows(PIXELS[::-1])
    assert np.array_equal(np.concatenate(apart), together)
    assert np.array_equal(by_two[::-1], together)


def test_one_pass_gives_sfid_s_features_too_and_changes_no_bit_of_the_block() -> None:
    state = LoadedState("test", random_state(), "")
    with exact_arithmetic():
        network = Inception(state, dims=768, device=torch.device("cpu"))
        expected = spatial(network, preprocess(torch.from_numpy(PIXELS))).numpy()
    rows, found = OnnxInception(ARRAYS, dims=768, source="test", spatial=True).rows_and_spatial(
        PIXELS
    )
    assert np.array_equal(rows, OnnxInception(ARRAYS, dims=768, source="test").rows(PIXELS))
    assert found.shape == (3, 2023)
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_the_clean_variant_sees_clean_fid_s_resizing() -> None:
    state = LoadedState("test", random_state(), "")
    with exact_arithmetic():
        network = Inception(state, dims=192, device=torch.device("cpu"))
        expected = network.of_resized(resized_cleanly(PIXELS[0])).numpy()
    found = OnnxInception(ARRAYS, dims=192, source="test", clean=True).rows(PIXELS[:1])
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_weights_that_end_too_early_are_refused() -> None:
    stem = {name: array for name, array in ARRAYS.items() if name.startswith("Conv2d_1a")}
    with pytest.raises(PlatformFault, match="Conv2d_2a_3x3") as caught:
        OnnxInception(stem, dims=64, source="test")
    assert caught.value.code == "weights.format"


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("Mixed_6b.branch7x7_2", (128, 64, 1, 7)),  # of fewer channels than come in
        ("Mixed_5b.branch3x3dbl_2", (96, 64, 7, 1)),  # along a side of 35
    ],
)
def test_weights_of_other_shapes_are_refused(layer: str, shape: tuple[int, ...]) -> None:
    other = ARRAYS | {f"{layer}.conv.weight": np.ones(shape, np.float32)}
    with pytest.raises(PlatformFault, match="other shapes") as caught:
        OnnxInception(other, dims=768, source="test").rows(PIXELS[:1])
    assert caught.value.code == "weights.format"


def test_sfid_s_layer_may_be_one_of_seven_taps() -> None:
    other = ARRAYS | {"Mixed_6d.branch1x1.conv.weight": np.ones((192, 768, 1, 7), np.float32)}
    network = OnnxInception(other, dims=768, source="test", spatial=True)
    assert network.rows_and_spatial(PIXELS[:1])[1].shape == (1, 2023)


def test_there_are_four_blocks_only() -> None:
    with pytest.raises(ValueError, match="2048"):
        OnnxInception(ARRAYS, dims=1000, source="test")
