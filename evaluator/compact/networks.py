"""The three small networks of the compact protocol: convolutions and ReLUs, nothing else.

Each gives in one pass what the network it imitates gives, in fewer channels: the teacher's features
on the axes along which they vary most. No normalisation layers: a picture's features depend on it
alone. Maps lie channels-last.
"""

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = [
    "BLOCKS",
    "CHANNELS",
    "DEEP",
    "FID_DIMS",
    "LAYERS",
    "CompactInception",
    "CompactLpips",
    "CompactVgg",
]

CHANNELS = {"conv1_1": 16, "conv2_1": 32, "conv3_1": 64, "conv4_1": 96}
"""VGG-19's layers that are imitated, and in how many channels."""

WIDTHS = {"conv1_1": 24, "conv2_1": 48, "conv3_1": 80, "conv4_1": 112}
"""Channels of the trunk at those layers, before the heads."""

LAYERS = tuple(CHANNELS)
FID_DIMS = 96
FID_SIDE = 176

BLOCKS = {
    "pool_2": 112,
    "mixed_5d": 112,
    "mixed_6a": 192,
    "mixed_6b": 192,
    "mixed_6c": 192,
    "mixed_6d": 192,
    "mixed_6e": 192,
}
"""Inception's blocks that are imitated one after another, and in how many channels."""

DEEP = BLOCKS["mixed_6e"]


def _scaled(pixels: Tensor) -> Tensor:
    """uint8 or float 0..255 [N, H, W, 3] to [N, 3, H, W] in −2..2."""
    return pixels.permute(0, 3, 1, 2).float() / 63.75 - 2


class _Conv(nn.Conv2d):
    """A padded convolution with ReLU."""

    def __init__(self, before: int, after: int, *, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(before, after, kernel, stride, padding=kernel // 2)
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        nn.init.zeros_(self.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(super().forward(x))


class _Residual(nn.Module):
    """x + conv(x): starts as the identity, so that depth costs no signal."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = _Conv(channels, channels)
        self.mix = nn.Conv2d(channels, channels, 1)
        nn.init.normal_(self.mix.weight, std=0.1 / channels**0.5)

    def forward(self, x: Tensor) -> Tensor:
        mixed: Tensor = self.mix(self.conv(x))
        return x + mixed


class _Halving(nn.Conv2d):
    """3×3 to half the side, its ReLU left to what follows."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 3, 2, padding=1)
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")
        nn.init.zeros_(self.bias)  # type: ignore[arg-type]


class _Bottleneck(nn.Module):
    """x + widen(conv(narrow(x))), He et al. 2016 ("Identity mappings"), without norms."""

    def __init__(self, channels: int, narrow: int) -> None:
        super().__init__()
        self.narrow = _Conv(channels, narrow, kernel=1)
        self.conv = _Conv(narrow, narrow)
        self.widen = nn.Conv2d(narrow, channels, 1)
        nn.init.normal_(self.widen.weight, std=0.3 / narrow**0.5)
        nn.init.zeros_(self.widen.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        wider: Tensor = self.widen(self.conv(self.narrow(F.relu(x))))
        return x + wider


def _stages() -> nn.ModuleDict:
    """The trunk: a stage for each layer that is imitated, of ``WIDTHS`` channels."""
    a, b, c, d = WIDTHS.values()
    stages: dict[str, nn.Module] = {
        "conv1_1": _Conv(3, a, kernel=5, stride=2),
        "conv2_1": nn.Sequential(_Conv(a, b, stride=2), _Residual(b)),
        "conv3_1": nn.Sequential(_Conv(b, c, stride=2), _Residual(c)),
        "conv4_1": nn.Sequential(_Conv(c, d), _Residual(d), _Residual(d)),
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
        self.stages["conv4_1"] = nn.Sequential(_Conv(c, d, stride=2), _Residual(d))
        self.weights = nn.ParameterList([torch.full((n,), 0.1) for n in WIDTHS.values()])

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """uint8 [N, H, W, 3] to the layers [N, C, h, w]."""
        x = _scaled(pixels)
        found = []
        for layer in LAYERS:
            x = self.stages[layer](x)
            found.append(x)
        return found

    def linear(self) -> list[Tensor]:
        """The weights [C] of each layer, not negative."""
        return [weight.abs() for weight in self.weights]


class CompactInception(nn.Module):
    """Rows that are to Inception's Mixed_6e, pooled, what its main axes are.

    A stage for each of ``BLOCKS``, at strides 8 and 16; a row is the mean over the last one's
    places. What stages give is taken through a ReLU.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second = BLOCKS["mixed_5d"], BLOCKS["mixed_6a"]
        stages: dict[str, nn.Module] = {
            "pool_2": nn.Sequential(
                _Conv(3, 24, kernel=5, stride=2),
                _Conv(24, 64, stride=2),
                _Halving(64, first),
            ),
            "mixed_5d": nn.Sequential(*(_Bottleneck(first, 56) for _ in range(4))),
            "mixed_6a": nn.Sequential(nn.ReLU(), _Halving(first, second)),
        }
        stages |= {
            f"mixed_6{letter}": nn.Sequential(*(_Bottleneck(second, 80) for _ in range(2)))
            for letter in "bcde"
        }
        self.stages = nn.ModuleDict(stages)
        self.head = nn.Linear(DEEP, FID_DIMS)

    def blocks(self, pixels: Tensor) -> list[Tensor]:
        """uint8 or float 0..255 [N, H, W, 3] to a map for each of ``BLOCKS``.

        Pictures are resized to ``FID_SIDE``².
        """
        x = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
        if x.shape[2:] != (FID_SIDE, FID_SIDE):
            x = F.interpolate(x, (FID_SIDE, FID_SIDE), mode="bilinear", antialias=True)
        found = []
        for stage in self.stages.values():
            x = stage(x)
            found.append(F.relu(x))
        return found

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 [N, H, W, 3] to the rows [N, FID_DIMS]."""
        rows: Tensor = self.head(self.blocks(pixels)[-1].mean(dim=(2, 3)))
        return rows
