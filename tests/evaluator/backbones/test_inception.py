"""FID's Inception: against pytorch-fid's own module, block by block."""

import numpy as np
import pytest
import torch

from evaluator.backbones.inception import DIMS, Inception
from evaluator.backbones.inception_layers import fold_batch_norm
from evaluator.backbones.loading import LoadedState, exact_arithmetic
from evaluator.backbones.seeded import make
from evaluator.errors import PlatformFault
from tests.evaluator.backbones.peers import pytorch_fid_network, random_state

CPU = torch.device("cpu")
PIXELS = np.random.default_rng(0).integers(0, 256, (1, 96, 128, 3), np.uint8)


def look(tensors: dict[str, torch.Tensor], dims: int) -> torch.Tensor:
    with exact_arithmetic():
        network = Inception(LoadedState("test", tensors, ""), dims=dims, device=CPU)
        return network.features(torch.from_numpy(PIXELS))


@pytest.fixture(scope="module")
def theirs() -> dict[int, torch.Tensor]:
    floats = torch.from_numpy(PIXELS).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        maps = pytorch_fid_network(random_state(), *DIMS)(floats)
    return {dims: x.mean(dim=(2, 3)) for dims, x in zip(DIMS, maps, strict=True)}


@pytest.mark.parametrize("dims", DIMS)
def test_every_block_is_pytorch_fid_s(theirs: dict[int, torch.Tensor], dims: int) -> None:
    ours = look(random_state(), dims)
    scale = float(theirs[dims].abs().max())
    assert ours.shape == (1, dims)
    assert torch.allclose(ours / scale, theirs[dims] / scale, rtol=1e-4, atol=1e-6)


def test_a_folded_norm_is_the_norm() -> None:
    random = torch.Generator().manual_seed(0)
    weight, x = (torch.randn(4, 3, 3, 3, generator=random) for _ in range(2))
    scale, shift, mean, variance = torch.rand(4, 4, generator=random) + 0.5
    plain = torch.nn.functional.conv2d(x, weight)
    normed = torch.nn.functional.batch_norm(plain, mean, variance, scale, shift, eps=1e-3)
    norm = (values.numpy() for values in (scale, shift, mean, variance))
    folded, bias = map(torch.from_numpy, fold_batch_norm(weight.numpy(), *norm))
    assert torch.allclose(torch.nn.functional.conv2d(x, folded, bias), normed, atol=1e-5)


def test_folded_weights_that_end_too_early_are_refused() -> None:
    stem = {k: torch.from_numpy(v) for k, v in make("seeded-inception-stem").items()}
    assert look(stem, 64).shape == (1, 64)
    with pytest.raises(PlatformFault, match="Conv2d_3b_1x1") as caught:
        look(stem, 192)
    assert caught.value.code == "weights.format"


def test_there_are_four_blocks_only() -> None:
    with pytest.raises(ValueError, match="2048"):
        look({}, 1000)
