"""Two of the compact protocol's three small networks: convolutions and ReLUs, nothing else.

Each gives in one pass what the network it imitates gives, in fewer channels: the teacher's features
on the axes along which they vary most. No normalisation layers: a picture's features depend on it
alone.
"""

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = [
    "CHANNELS",
    "LAYERS",
    "MIDDLE",
    "UNIT",
    "CompactLpips",
    "CompactVgg",
    "Conv",
    "Residual",
]

CHANNELS = {"conv1_1": 16, "conv2_1": 32, "conv3_1": 64, "conv4_1": 96}
"""VGG-19's layers that are imitated, and in how many channels."""

WIDTHS = {"conv1_1": 24, "conv2_1": 48, "conv3_1": 80, "conv4_1": 112}
"""Channels of the trunk at those layers, before the heads."""

LAYERS = tuple(CHANNELS)


UNIT, MIDDLE = 63.75, 2
"""Of a pixel's 0..255: the networks see pixel / UNIT − MIDDLE, so −2..2."""


def _scaled(pixels: Tensor) -> Tensor:
    """uint8 or float 0..255 [N, H, W, 3] to [N, 3, H, W] in −2..2."""
    return pixels.permute(0, 3, 1, 2).float() / UNIT - MIDDLE


class Conv(nn.Conv2d):
    """A convolution with ReLU, padded so that no side is lost unless another padding is given."""

    def __init__(
        self,
        before: int,
        after: int,
        *,
        kernel: int | tuple[int, int] = 3,
        stride: int = 1,
        padding: int | None = None,
    ) -> None:
        sides = (kernel, kernel) if isinstance(kernel, int) else kernel
        kept = (sides[0] // 2, sides[1] // 2) if padding is None else (padding, padding)
        super().__init__(before, after, sides, stride, padding=kept)
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        nn.init.zeros_(self.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(super().forward(x))


class Residual(nn.Module):
    """x + conv(x): starts as the identity, so that depth costs no signal."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = Conv(channels, channels)
        self.mix = nn.Conv2d(channels, channels, 1)
        nn.init.normal_(self.mix.weight, std=0.1 / channels**0.5)

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.mix(self.conv(x))
        return x + mixed


def _stages() -> nn.ModuleDict:
    """The trunk: a stage for each layer that is imitated, of ``WIDTHS`` channels."""
    a, b, c, d = WIDTHS.values()
    stages: dict[str, nn.Module] = {
        "conv1_1": Conv(3, a, kernel=5, stride=2),
        "conv2_1": nn.Sequential(Conv(a, b, stride=2), Residual(b)),
        "conv3_1": nn.Sequential(Conv(b, c, stride=2), Residual(c)),
        "conv4_1": nn.Sequential(Conv(c, d), Residual(d), Residual(d)),
    }
    return nn.ModuleDict(stages)


class CompactVgg(nn.Module):
    """VGG-19's conv1_1 to conv4_1, at strides 2, 4, 8 and 8.

    Gram matrices are means over positions: the first three layers are taken at every other
    position of the teacher's, which costs their statistics little.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stages = _stages()
        self.heads = nn.ModuleDict(
            {layer: nn.Conv2d(WIDTHS[layer], count, 1) for layer, count in CHANNELS.items()}
        )

    def forward(self, pixels: Tensor, wanted: Collection[str] = LAYERS) -> dict[str, Tensor]:
        """uint8 [N, H, W, 3] to layer → [N, C, h, w] for those wanted."""
        return {layer: self.heads[layer](x) for layer, x in self.trunk(pixels, wanted).items()}

    def trunk(self, pixels: Tensor, wanted: Collection[str] = LAYERS) -> dict[str, Tensor]:
        """What the heads see, of ``WIDTHS`` channels."""
        x = _scaled(pixels)
        found: dict[str, Tensor] = {}
        for layer in LAYERS:
            x = self.stages[layer](x)
            if layer in wanted:
                found[layer] = x
            if len(found) == len(wanted):
                break
        return found


class CompactLpips(nn.Module):
    """A trunk of four layers, the last at stride 16, and the weights that compare them.

    Shaped as ``CompactVgg``'s, so that a training may begin with what that has learned.
    """

    def __init__(self) -> None:
        super().__init__()
        _, _, c, d = WIDTHS.values()
        self.stages = _stages()
        self.stages["conv4_1"] = nn.Sequential(Conv(c, d, stride=2), Residual(d))
        self.weights = nn.ParameterList([torch.full((n,), 0.1) for n in WIDTHS.values()])

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """uint8 [N, H, W, 3] to layer → [N, C, h, w]."""
        x = _scaled(pixels)
        found = {}
        for layer in LAYERS:
            x = self.stages[layer](x)
            found[layer] = x
        return found

    def linear(self) -> list[Tensor]:
        """The weights [C] of each layer, not negative."""
        return [weight.abs() for weight in self.weights]
