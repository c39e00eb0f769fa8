"""The trunks of LPIPS: layer by layer against torchvision's own modules."""

import pytest
import torch
import torchvision
from torch import nn

from evaluator.backbones.loading import LoadedState, exact_arithmetic
from evaluator.backbones.lpips import LpipsNetwork
from evaluator.backbones.preprocessing import preprocess
from evaluator.errors import PlatformFault
from evaluator.protocols import BackboneSpec, WeightsRef
from tests.evaluator.backbones.lpips_peer import (
    ARCHITECTURES,
    CHANNELS,
    head_state,
    random_trunk,
    trunk_state,
)

CPU = torch.device("cpu")
PIXELS = torch.randint(
    0, 256, (1, 70, 93, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
)
# Where the lpips package cuts torchvision's features: the last module of each slice.
SLICES = {
    "squeeze": (1, 4, 7, 9, 10, 11, 12),
    "alex": (1, 4, 7, 9, 11),
    "vgg": (3, 8, 15, 22, 29),
}


def spec(net: str) -> BackboneSpec:
    ref = WeightsRef("x", "0" * 64)
    return BackboneSpec(f"lpips-{net}", ARCHITECTURES[net], ref, "lpips", heads=ref)  # type: ignore[arg-type]


def network(net: str, trunk: nn.Module) -> LpipsNetwork:
    heads = LoadedState("heads", head_state(net), "")
    return LpipsNetwork(spec(net), LoadedState("trunk", trunk_state(trunk), ""), heads, device=CPU)


@pytest.mark.parametrize("net", sorted(SLICES))
def test_layers_are_those_of_torchvision_at_odd_sizes(net: str) -> None:
    trunk = random_trunk(net)
    x = preprocess(PIXELS, "lpips")
    expected = []
    with exact_arithmetic():
        found = network(net, trunk).stack(PIXELS).features
        for number, module in enumerate(trunk.children()):
            x = module(x)
            if number in SLICES[net]:
                expected.append(x[0].clone())
    assert [len(layer) for layer in found] == list(CHANNELS[net])
    for ours, theirs in zip(found, expected, strict=True):
        # Near zero a sum's error is that of its terms, which are of the layer's size.
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=4e-6 * float(theirs.max()))


def test_the_input_is_scaled_as_lpips_does() -> None:
    pixel = torch.tensor([[[[255, 0, 51]]]], dtype=torch.uint8)
    expected = [(1 + 0.030) / 0.458, (-1 + 0.088) / 0.448, (-0.6 + 0.188) / 0.450]
    assert preprocess(pixel, "lpips").ravel().tolist() == pytest.approx(expected, rel=1e-5)


def test_heads_of_another_trunk_are_refused() -> None:
    trunk = LoadedState("trunk", trunk_state(random_trunk("alex")), "")
    heads = LoadedState("heads", head_state("squeeze"), "")
    with pytest.raises(PlatformFault, match=r"lin1\.model\.1") as caught:
        LpipsNetwork(spec("alex"), trunk, heads, device=CPU)
    assert caught.value.code == "weights.format"


def test_a_trunk_of_another_architecture_is_refused() -> None:
    trunk = LoadedState("trunk", trunk_state(random_trunk("alex")), "")
    heads = LoadedState("heads", head_state("squeeze"), "")
    with pytest.raises(PlatformFault, match=r"features\.0\.weight has shape"):
        LpipsNetwork(spec("squeeze"), trunk, heads, device=CPU)


def test_torchvision_numbers_are_what_the_slices_assume() -> None:
    assert torchvision.models.squeezenet1_1(weights=None).features[12].expand3x3.out_channels == 256
