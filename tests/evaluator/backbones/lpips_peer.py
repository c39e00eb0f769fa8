"""The lpips package's own network, filled with weights that are at hand instead of downloaded."""

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import lpips
import torch
import torchvision
from torch import Tensor, nn

CHANNELS = {
    "squeeze": (64, 128, 256, 384, 384, 512, 512),
    "alex": (64, 192, 384, 256, 256),
    "vgg": (64, 128, 256, 512, 512),
}
ARCHITECTURES = {"squeeze": "squeezenet1_1", "alex": "alexnet", "vgg": "vgg16"}


@cache
def random_trunk(net: str) -> nn.Module:
    """torchvision's features with seeded weights that keep the activations' scale."""
    whole = getattr(torchvision.models, ARCHITECTURES[net])
    with torch.device("meta"):  # the classifier is never filled: AlexNet's alone has 58 million
        features = whole(weights=None).features
    features = features.to_empty(device="cpu").eval()
    generator = torch.Generator().manual_seed(len(net))
    for name, value in features.state_dict().items():
        noise = torch.randn(value.shape, generator=generator)
        value.copy_(noise * (2 / value[0].numel()) ** 0.5 if "weight" in name else noise * 0.1)
    return features


def trunk_state(trunk: nn.Module) -> dict[str, Tensor]:
    """Under the names of a published file."""
    return {f"features.{name}": value for name, value in trunk.state_dict().items()}


@cache
def head_state(net: str) -> dict[str, Tensor]:
    """The heads v0.1 that the lpips package brings along."""
    path = Path(lpips.__file__).parent / "weights" / "v0.1" / f"{net}.pth"
    found = torch.load(path, map_location="cpu", weights_only=True)
    assert isinstance(found, dict)
    return found


def lpips_network(net: str, trunk: nn.Module) -> nn.Module:
    """``lpips.LPIPS`` with its own heads on torchvision's ``features``, filled by us."""
    given = SimpleNamespace(features=trunk)
    models = SimpleNamespace(**{name: lambda pretrained: given for name in ARCHITECTURES.values()})
    with patch("lpips.pretrained_networks.tv", models):
        return lpips.LPIPS(net=net, verbose=False).eval()


def peer_distance(network: nn.Module, a: Tensor, b: Tensor) -> float:
    """The package's LPIPS of two pictures, uint8 [H, W, 3], in float32 as it computes."""
    first, second = (x.permute(2, 0, 1)[None].float() / 255 for x in (a, b))
    with torch.inference_mode():
        return float(network(first, second, normalize=True))
