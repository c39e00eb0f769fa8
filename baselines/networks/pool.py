"""A pool of pictures painted earlier, so that a discriminator does not only see the latest ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["PicturePool"]


class PicturePool(nn.Module):
    """Shrivastava et al., CVPR 2017, section 2.3, as CycleGAN uses it: half of what is asked for
    comes from the pool, and the new picture takes its place.

    The pictures are buffers, so that checkpoints hold them. A pool of none gives what it is given.
    """

    def __init__(self, size: int, crop: int) -> None:
        super().__init__()
        self.pictures = nn.Buffer(torch.zeros(size, 3, crop, crop))
        self.filled = nn.Buffer(torch.zeros((), dtype=torch.long))

    def forward(self, painted: Tensor) -> Tensor:
        """Pictures [B, 3, crop, crop], new or old, for as many new ones."""
        return torch.stack([self._exchange(picture) for picture in painted.detach()])

    def _exchange(self, picture: Tensor) -> Tensor:
        filled = int(self.filled)
        if not len(self.pictures):
            return picture
        if filled < len(self.pictures):
            self.pictures[filled] = picture
            self.filled.add_(1)
            return picture
        if bool(torch.randint(2, ())):
            return picture
        place = int(torch.randint(filled, ()))
        old = self.pictures[place].clone()
        self.pictures[place] = picture
        return old
