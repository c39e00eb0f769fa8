"""sFID's features and clean-FID's resizing: against pytorch-fid's module and clean-fid itself."""

import numpy as np
import pytest
import torch
from cleanfid.resize import build_resizer

from evaluator.backbones.inception import Inception, preprocess
from evaluator.backbones.inception_streams import pooled, resized_cleanly, spatial
from evaluator.backbones.loading import LoadedState, exact_arithmetic
from tests.conftest import Agree
from tests.evaluator.backbones.peers import pytorch_fid_network, random_state

PIXELS = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)


@pytest.fixture(scope="module")
def network() -> Inception:
    return Inception(LoadedState("test", random_state(), ""), dims=768, device=torch.device("cpu"))


@pytest.mark.parametrize("shape", [(96, 128, 3), (400, 333, 3), (299, 299, 3)])
def test_the_clean_resizing_is_clean_fid_s(shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    expected = (build_resizer("clean")(pixels) - 128) / 128
    assert np.array_equal(resized_cleanly(pixels)[0].numpy(), expected.transpose(2, 0, 1))


def test_the_spatial_features_are_the_first_channels_of_that_layer(
    network: Inception, agree: Agree
) -> None:
    peer = pytorch_fid_network(random_state(), 768)
    kept: list[torch.Tensor] = []
    modules = dict(peer.named_modules())
    mixed_6d = next(m for name, m in modules.items() if name.endswith("2.6"))
    mixed_6d.branch1x1.register_forward_hook(lambda _m, _x, made: kept.append(made))
    floats = torch.from_numpy(PIXELS).permute(2, 0, 1)[None].float() / 255
    with exact_arithmetic():
        peer(floats)
        found = spatial(network, preprocess(torch.from_numpy(PIXELS)[None]))
    expected = kept[0][:, :7].flatten(1)
    scale = float(expected.abs().max())
    assert found.shape == (1, 2023)
    assert torch.allclose(found / scale, expected / scale, rtol=1e-4, atol=1e-6)
    agree("sfid.pytorch-fid", float((found - expected).abs().max()) / scale)


def test_the_pooled_block_is_the_network_s_own(network: Inception) -> None:
    pixels = torch.from_numpy(PIXELS)[None]
    with exact_arithmetic():
        found = pooled(network, preprocess(pixels), dims=768)
        assert torch.equal(found, network.features(pixels))
