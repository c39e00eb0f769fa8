"""The pictures kept of a run for the entry's gallery: a few of each style, the same for everyone.

Which ones follows from the dataset alone, so that galleries of different entries can be compared.
"""

from collections import defaultdict
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile

from evaluator.datasets import Dataset, Pair
from evaluator.images import encode_jpeg
from stylearena.judging.models import Evaluation, GalleryPicture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Gallery", "choose"]

_PER_STYLE = 3


def choose(dataset: Dataset, per_style: int = _PER_STYLE) -> frozenset[str]:
    """Ids of pairs spread evenly over each style's contents, shifted from style to style."""
    by_style: dict[str, list[Pair]] = defaultdict(list)
    for pair in dataset.pairs:
        by_style[pair.style].append(pair)
    chosen = set()
    for shift, pairs in enumerate(by_style.values()):
        count = min(per_style, len(pairs))
        places = ((shift + step * len(pairs) // count) % len(pairs) for step in range(count))
        chosen |= {pairs[place].id for place in places}
    return frozenset(chosen)


class Gallery:
    """Writes an evaluation's pictures as they are made, where they may ever be shown."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    def chosen(self, dataset: Dataset) -> frozenset[str]:
        """The pairs to keep: none at all of held-out pictures, whatever the phase shows."""
        return choose(dataset) if self._evaluation.dataset.is_public else frozenset()

    def keep(self, pair: Pair, pixels: "NDArray[np.uint8]") -> None:
        """Write the output picture of ``pair``, in place of one that an interrupted run left."""
        found, _ = GalleryPicture.objects.get_or_create(
            evaluation=self._evaluation,
            pair=pair.id,
            defaults={"content": pair.content, "style": pair.style},
        )
        if found.picture:
            found.picture.delete(save=False)
        found.picture.save(f"{pair.id}.jpg", ContentFile(encode_jpeg(pixels)))
