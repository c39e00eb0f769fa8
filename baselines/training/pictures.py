"""What a method learns from: crops of the pictures of a dataset folder or of the demo set.

Everything random draws from torch's own generator, whose state the checkpoints keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from baselines.training.settings import Settings
from evaluator.datasets import Dataset
from evaluator.errors import ParticipantError
from evaluator.image_sets import Picture, digest_of
from evaluator.images import PicturePolicy, decode

__all__ = ["Batch", "Pictures", "load_pictures"]

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Batch:
    """Contents and works of style [B, 3, crop, crop] in 0..1; ``index`` [B] tells the works."""

    content: Tensor
    style: Tensor
    index: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Decoded squares, uint8 [load, load, 3]; ``styles`` are the ids of the works, in order.

    ``digest`` covers the bytes of all of them: a training goes on with the same pictures only.
    """

    name: str
    contents: Sequence[Pixels]
    works: Sequence[Pixels]
    styles: tuple[str, ...]
    digest: str

    def draw(self, count: int, crop: int, device: torch.device) -> Batch:
        """Random contents and works, independent of each other."""
        chosen = torch.randint(len(self.contents), (count,)).tolist()
        index = torch.randint(len(self.works), (count,))
        content = torch.stack([_crop(self.contents[i], crop, device) for i in chosen])
        style = torch.stack([_crop(self.works[i], crop, device) for i in index.tolist()])
        return Batch(content, style, index.to(device))

    def shown(self, count: int, crop: int, device: torch.device) -> Batch:
        """The first contents and works, whole: what sample grids show."""
        numbers = range(count)
        contents = [self.contents[i % len(self.contents)] for i in numbers]
        content = torch.stack([_scaled(pixels, crop) for pixels in contents])
        step = max(1, len(self.works) // count)
        index = torch.tensor([i * step % len(self.works) for i in numbers])
        style = torch.stack([_scaled(self.works[i], crop) for i in index.tolist()])
        return Batch(content.to(device), style.to(device), index.to(device))

    def whole_works(self) -> list[Tensor]:
        """Every work [3, load, load] in 0..1."""
        return [_scaled(pixels, pixels.shape[0]) for pixels in self.works]

    def whole_contents(self) -> list[Tensor]:
        """Every content, likewise."""
        return [_scaled(pixels, pixels.shape[0]) for pixels in self.contents]


def load_pictures(dataset: Dataset, settings: Settings) -> Pictures:
    """The contents, and the works that ``settings.style`` and ``.references`` choose, decoded.

    Raises ParticipantError ``baseline.style`` for a style that the dataset has not, OrganiserError
    ``picture.*`` for a picture that cannot be used.
    """
    works = _works(dataset, settings)
    policy = PicturePolicy(size=settings.load, min_side=32)
    contents = list(dataset.content)
    return Pictures(
        name=f"{dataset.name} {dataset.version}",
        contents=[decode(picture.path, policy) for picture in contents],
        works=[decode(picture.path, policy) for picture in works],
        styles=tuple(picture.id for picture in works),
        digest=digest_of([picture.sha256 for picture in (*contents, *works)]),
    )


def _works(dataset: Dataset, settings: Settings) -> list[Picture]:
    styles = list(dataset.style)
    ids = {picture.id for picture in styles}
    everything = [*styles, *(picture for picture in dataset.reference if picture.id not in ids)]
    if not settings.style:
        return everything if settings.references else styles
    one = [picture for picture in styles if picture.id == settings.style]
    family = [picture for picture in everything if picture.family == settings.style]
    if not (one or family):
        raise ParticipantError(
            "baseline.style",
            f"The dataset {dataset.name} has neither a style nor a family {settings.style!r}; "
            f"its styles are {', '.join(sorted(ids)[:12])}.",
        )
    return one or family


def _crop(pixels: Pixels, side: int, device: torch.device) -> Tensor:
    """A random square of between ``side`` and all, scaled to ``side``, mirrored half the time.

    ``device`` scales it, so that a GPU need not wait for a processor's core to do that.
    """
    full = pixels.shape[0]
    part = int(torch.randint(min(side, full), full + 1, ()))
    top, left = (int(torch.randint(full - part + 1, ())) for _ in range(2))
    square = _scaled(pixels[top : top + part, left : left + part], side, device)
    return square.flip(2) if bool(torch.randint(2, ())) else square


def _scaled(pixels: Pixels, side: int, device: torch.device | None = None) -> Tensor:
    x = torch.from_numpy(np.array(pixels)).to(device).permute(2, 0, 1)[None].float() / 255
    if x.shape[2] != side:
        x = interpolate(x, (side, side), mode="bilinear", antialias=True)
    return x[0]
