"""The compact protocol's small Inception, which sees what FID's sees, block by block.

It lies as its teacher does: the same strides, paddings and poolings of a picture of the same side,
so that what a place shows is what the teacher is shown there. No normalisation layers: a picture's
rows depend on it alone.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evaluator.compact.networks import Conv

__all__ = [
    "BLOCKS",
    "DEEP",
    "FID_DIMS",
    "FID_SIDE",
    "Bottleneck",
    "CompactInception",
    "Halving",
    "resized",
]

FID_DIMS = 256
FID_SIDE = 203

BLOCKS = {"pool_2": 192, "mixed_5d": 192, **{f"mixed_6{letter}": 320 for letter in "abcde"}}
"""Inception's blocks that are imitated one after another, and in how many channels."""

DEEP = BLOCKS["mixed_6e"]

NARROW = {"mixed_5d": 64, "mixed_6": 96}
"""Channels within bottlenecks."""


class Bottleneck(nn.Module):
    """x + widen(convolutions(narrow(x))), He et al. 2016 ("Identity mappings"), without norms."""

    def __init__(self, channels: int, narrow: int, *kernels: int | tuple[int, int]) -> None:
        super().__init__()
        self.narrow = Conv(channels, narrow, kernel=1)
        self.convs = nn.Sequential(*(Conv(narrow, narrow, kernel=kernel) for kernel in kernels))
        self.widen = nn.Conv2d(narrow, channels, 1)
        nn.init.normal_(self.widen.weight, std=0.05 / narrow**0.5)
        nn.init.zeros_(self.widen.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        wider: Tensor = self.widen(self.convs(self.narrow(F.relu(x))))
        return x + wider


class Halving(nn.Module):
    """To half the side: convolutions beside a pooling, as in Inception's Mixed_6a."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.narrow = Conv(before, NARROW["mixed_6"], kernel=1)
        self.halve = nn.Conv2d(NARROW["mixed_6"], after - before, 3, 2)
        nn.init.kaiming_normal_(self.halve.weight, nonlinearity="relu")
        nn.init.zeros_(self.halve.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        return torch.cat([self.halve(self.narrow(x)), F.max_pool2d(x, 3, 2)], 1)


def _stem(after: int) -> nn.Module:
    """To an eighth of the side, as Inception's first layers, in fewer channels."""
    return nn.Sequential(
        Conv(3, 16, stride=2, padding=0),
        Conv(16, 32, padding=0),
        Conv(32, 64),
        nn.MaxPool2d(3, 2),
        Conv(64, 64, kernel=1),
        Conv(64, after, padding=0),
        nn.MaxPool2d(3, 2),
    )


def resized(pixels: Tensor) -> Tensor:
    """uint8 or float 0..255 [N, H, W, 3] to [N, 3, ``FID_SIDE``, ``FID_SIDE``] in −1..1."""
    x = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
    if x.shape[2:] != (FID_SIDE, FID_SIDE):
        x = F.interpolate(x, (FID_SIDE, FID_SIDE), mode="bilinear", antialias=True)
    return x


class CompactInception(nn.Module):
    """Rows that are to Inception's Mixed_6e, pooled, what its main axes are.

    A stage for each of ``BLOCKS``, at strides 8 and 16; a row is the mean over the last one's
    places. What stages give is taken through a ReLU.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second = BLOCKS["mixed_5d"], BLOCKS["mixed_6a"]
        fine = (Bottleneck(first, NARROW["mixed_5d"], 3) for _ in range(7))
        stages = {
            "pool_2": _stem(BLOCKS["pool_2"]),
            "mixed_5d": nn.Sequential(*fine),
            "mixed_6a": Halving(first, second),
        }
        for letter in "bcde":
            wide = (Bottleneck(second, NARROW["mixed_6"], (1, 7), (7, 1)) for _ in range(3))
            stages[f"mixed_6{letter}"] = nn.Sequential(*wide)
        self.stages = nn.ModuleDict(stages)
        self.head = nn.Linear(DEEP, FID_DIMS)

    def blocks(self, pixels: Tensor, *, heard: float = 1.0) -> list[Tensor]:
        """uint8 or float 0..255 [N, H, W, 3] to a map for each of ``BLOCKS``.

        Pictures are resized to ``FID_SIDE``². ``heard``: how much of a stage's gradient the stage
        before it hears; at 0 each learns by itself.
        """
        x = resized(pixels)
        found = []
        for stage in self.stages.values():
            x = stage(x)
            found.append(F.relu(x))
            x = x if heard == 1 else heard * x + (1 - heard) * x.detach()
        return found

    def forward(self, pixels: Tensor) -> Tensor:
        """uint8 [N, H, W, 3] to the rows [N, FID_DIMS]."""
        rows: Tensor = self.head(self.blocks(pixels)[-1].mean(dim=(2, 3)))
        return rows
