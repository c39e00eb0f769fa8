"""The pictures kept of a run for the entry's gallery: a few of each style, the same for everyone.

Which ones follows from the dataset alone, so that galleries of different entries can be compared.
"""

from collections import defaultdict
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile

from evaluator.datasets import Dataset, Pair
from evaluator.images import encode_jpeg
from stylearena.judging import services
from stylearena.judging.models import Evaluation, GalleryPicture
from stylearena.judging.services import Lease

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
    """Writes a leased shard's pictures as they are made, where they may ever be shown."""

    def __init__(self, evaluation: Evaluation, lease: Lease) -> None:
        self._evaluation, self._lease = evaluation, lease

    def chosen(self, dataset: Dataset) -> frozenset[str]:
        """The pairs to keep: none at all of held-out pictures, whatever the phase shows."""
        return choose(dataset) if self._evaluation.dataset.is_public else frozenset()

    def keep(self, pair: Pair, pixels: "NDArray[np.uint8]") -> None:
        """Write the output picture of ``pair``, in place of one that an interrupted run left.

        The file goes to storage first: a row never names a file that is not there. The picture of
        a lease that was lost is dropped.
        """
        made = GalleryPicture(
            evaluation=self._evaluation, pair=pair.id, content=pair.content, style=pair.style
        )
        made.picture.save(f"{pair.id}.jpg", ContentFile(encode_jpeg(pixels)), save=False)
        if needless := self._show(made):
            made.picture.storage.delete(needless)

    def _show(self, made: GalleryPicture) -> str:
        """Let the pair's row name the new file if the lease holds; the file that no row names."""
        with services.held(self._lease) as is_ours:
            if not is_ours:
                return str(made.picture.name)
            found = self._evaluation.gallery.filter(pair=made.pair).first()
            if found is None:
                made.save()
                return ""
            replaced, found.picture = found.picture.name, made.picture.name
            found.save(update_fields=["picture"])
            return str(replaced)
