"""3×3 convolutions by minimal filtering, on a CPU: 2.25 times fewer products than the sums take.

Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks", section 4.1, F(2×2, 3×3):
Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A for every tile d of 4×4, of which 2×2 outputs come. The filters
g are transformed in float64 once; the transforms of d and Y are additions alone. In float32 results
err by 2e-7 to 4e-7 of their norm, plain convolutions, by how they sum, by 2e-7 to 8e-7. F(4×4, 3×3)
would need fewer products yet, and errs by 2e-6.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["WORTH_IT", "MinimalConv"]

WORTH_IT = 128, 256
"""Channels before and after from which on fewer products are worth the transforms."""

STRIP = 131_072  # numbers in a tile's place of a strip: small enough to stay in a processor's cache

G = torch.tensor([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], dtype=torch.float64)


@dataclass(frozen=True, slots=True, eq=False)
class MinimalConv:
    """A convolution of 3×3 padded by one zero, stride one. ``filters``: [16, before, after]."""

    filters: Tensor
    bias: Tensor

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor) -> "MinimalConv":
        """Of a plain convolution's weight [after, before, 3, 3] and bias [after]."""
        made = torch.einsum("ij,oajk,lk->ilao", G, weight.double(), G)
        return cls(made.flatten(0, 1).to(weight.dtype).contiguous(), bias)

    def __call__(self, x: Tensor) -> Tensor:
        """float32 [N, before, H, W] to [N, after, H, W], which lies channels-last.

        Picture by picture and strip by strip of fixed size, so that a result does not depend on
        what else is in the batch.
        """
        height, width = x.shape[2:]
        made = [self._picture(picture) for picture in x.permute(0, 2, 3, 1)]
        return torch.stack(made)[:, :height, :width].permute(0, 3, 1, 2)

    def _picture(self, x: Tensor) -> Tensor:
        """[H, W, before] to [H, W, after], both sides made even."""
        rows, columns = (-(-side // 2) for side in x.shape[:2])
        before, after = self.filters.shape[1:]
        odd = [2 * tiles - side for tiles, side in zip((rows, columns), x.shape[:2], strict=True)]
        x = F.pad(x, (0, 0, 1, 1 + odd[1], 1, 1 + odd[0]))
        y = x.new_empty(rows, 2, columns, 2, after)
        step = max(1, STRIP // (columns * max(before, after)))
        for top in range(0, rows, step):
            strip = x[2 * top : 2 * (min(top + step, rows) + 1)]
            products = torch.bmm(_tiles(strip).flatten(1, 2), self.filters)
            _outputs(products.view(4, 4, -1, columns, after), y[top : top + step])
        return y.view(2 * rows, 2 * columns, after).add_(self.bias)


def _tiles(x: Tensor) -> Tensor:
    """Bᵀ d B: [2 (r + 1), 2 (c + 1), C] to [16, r, c, C]."""
    rows, columns = (side // 2 - 1 for side in x.shape[:2])
    found = x.new_empty(4, 4, rows, columns, x.shape[2])
    halves = _differences([x[i::2][:rows] for i in range(4)])
    for row, half in enumerate(halves):
        sides = [half[:, i::2][:, :columns] for i in range(4)]
        _write(torch.sub, sides[0], sides[2], found[row, 0])
        _write(torch.add, sides[1], sides[2], found[row, 1])
        _write(torch.sub, sides[2], sides[1], found[row, 2])
        _write(torch.sub, sides[1], sides[3], found[row, 3])
    return found.flatten(0, 1)


def _differences(d: list[Tensor]) -> tuple[Tensor, ...]:
    """Bᵀ d along rows."""
    return d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]


def _outputs(m: Tensor, y: Tensor) -> None:
    """Aᵀ m A: [4, 4, r, c, C] into [r, 2, c, 2, C]."""
    total, gap = m[1] + m[2], m[1] - m[2]
    for row, half in enumerate((total + m[0], gap - m[3])):
        _write(torch.add, half[1] + half[2], half[0], y[:, row, :, 0])
        _write(torch.sub, half[1] - half[2], half[3], y[:, row, :, 1])


def _write(operation: Callable[..., Tensor], a: Tensor, b: Tensor, place: Tensor) -> None:
    """Into ``place``, without a copy on the way unless gradients are wanted: ``out`` has none."""
    if a.requires_grad:
        place.copy_(operation(a, b))
    else:
        operation(a, b, out=place)
