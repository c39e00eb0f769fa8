"""The decoded pictures of a dataset while its pairs are run or scored; the last few are kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evaluator.datasets import Dataset, ImageSet, Pair
from evaluator.images import PicturePolicy, decode

__all__ = ["DecodedPictures"]

Pixels = NDArray[np.uint8]

KEPT = 64  # per side: pairs repeat their pictures, native sizes can be large


class DecodedPictures:
    """Contents and styles by pair, each decoded once while it is in use."""

    def __init__(self, dataset: Dataset, policy: PicturePolicy) -> None:
        self._policy = policy
        self._content = lru_cache(KEPT)(self._reader(dataset.content))
        self._style = lru_cache(KEPT)(self._reader(dataset.style))

    def of(self, pair: Pair) -> tuple[Pixels, Pixels]:
        """Content and style, uint8 ``[H, W, 3]`` each."""
        return self._content(pair.content), self._style(pair.style)

    def _reader(self, pictures: ImageSet) -> Callable[[str], Pixels]:
        return lambda name: decode(pictures.by_id(name).path, self._policy, name=name)
