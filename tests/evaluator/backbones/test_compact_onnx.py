"""The compact networks by onnxruntime: PyTorch's features, the same bits for any thread count."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from evaluator.backbones.compact_onnx import OnnxCompactInception, OnnxCompactMaps, write
from evaluator.backbones.onnx_graph import Graph
from evaluator.compact.inception_network import CompactInception
from evaluator.compact.networks import LAYERS, CompactLpips, CompactVgg

WITHIN = 2e-6  # of the largest feature: another order of float32's sums


@pytest.fixture(scope="module")
def pixels() -> Tensor:
    """Of another size than any network works at, sides odd and even."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 90, 121, 3), np.uint8))


@pytest.fixture(scope="module")
def inception() -> CompactInception:
    torch.manual_seed(3)
    network = CompactInception()
    for bias in (value for name, value in network.named_parameters() if name.endswith("bias")):
        nn.init.normal_(bias, std=0.1)  # or leaving one out would change nothing
    return network.requires_grad_(requires_grad=False)


def maps_of(kind: type[CompactVgg | CompactLpips]) -> CompactVgg | CompactLpips:
    torch.manual_seed(4)
    return kind().requires_grad_(requires_grad=False)


def differ(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("kind", [CompactVgg, CompactLpips])
def test_maps_are_those_of_the_module(
    kind: type[CompactVgg | CompactLpips], pixels: Tensor
) -> None:
    network = maps_of(kind)
    found, expected = OnnxCompactMaps(network, LAYERS)(pixels), network(pixels)
    assert list(found) == list(expected) == list(LAYERS)
    assert all(found[layer].shape == expected[layer].shape for layer in LAYERS)
    assert all(differ(found[layer], expected[layer]) <= WITHIN for layer in LAYERS)


def test_layers_are_those_asked_for(pixels: Tensor) -> None:
    network = maps_of(CompactVgg)
    maps = OnnxCompactMaps(network, {"conv3_1", "conv1_1"})
    assert list(maps(pixels)) == ["conv1_1", "conv3_1"]
    only = maps(pixels, {"conv3_1"})
    assert list(only) == ["conv3_1"]
    assert torch.equal(only["conv3_1"], OnnxCompactMaps(network, LAYERS)(pixels)["conv3_1"])


def test_rows_are_those_of_the_module(inception: CompactInception, pixels: Tensor) -> None:
    found, expected = OnnxCompactInception(inception)(pixels), inception(pixels)
    assert found.shape == expected.shape
    assert differ(found, expected) <= WITHIN


def test_bits_do_not_depend_on_threads(inception: CompactInception, pixels: Tensor) -> None:
    rows, maps = OnnxCompactInception(inception), OnnxCompactMaps(maps_of(CompactVgg), LAYERS)
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append([rows(pixels), *maps(pixels).values()])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, two) for one, two in zip(*found, strict=True))


def test_nothing_is_given_that_was_not_asked_for(pixels: Tensor) -> None:
    maps = OnnxCompactMaps(maps_of(CompactVgg), {"conv1_1"})
    assert maps(pixels, ()) == {}
    with pytest.raises(KeyError, match="conv3_1"):
        maps(pixels, {"conv3_1"})


@pytest.mark.parametrize(
    "module",
    [
        nn.BatchNorm2d(3),
        nn.Conv2d(3, 3, 3, dilation=2),
        nn.Conv2d(3, 3, 3, bias=False),
        nn.Conv2d(3, 3, 3, padding_mode="reflect"),
        nn.MaxPool2d(3, 2, ceil_mode=True),
    ],
)
def test_a_module_that_was_never_written_down_is_named(module: nn.Module) -> None:
    with pytest.raises(TypeError, match=type(module).__name__):
        write(module, Graph(), "x")
