"""What an entry's page reads: the entry, its promoted evaluation, its gallery, its neighbours."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404

from stylearena.judging.models import Evaluation, GalleryPicture
from stylearena.leaderboards.sight import Sight, Viewer, sight_of_entry
from stylearena.leaderboards.standings import standings
from stylearena.submissions.models import Submission

__all__ = ["Place", "SeenEntry", "gallery", "kept_picture_or_404", "place", "seen_entry_or_404"]


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """A scored entry as one viewer may see it."""

    submission: Submission
    evaluation: Evaluation
    sight: Sight


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands on its board, and the entries above and below it.

    ``listed`` is False for an entry that its author has bettered, or of another provenance.
    """

    listed: bool
    rank: int | None
    entrants: int
    above: uuid.UUID | None = None
    below: uuid.UUID | None = None


def seen_entry_or_404(entry: uuid.UUID, viewer: Viewer) -> SeenEntry:
    """The entry with its promoted evaluation; Http404 if there is none for this viewer."""
    evaluation = (
        Evaluation.objects.filter(submission_id=entry, is_promoted=True)
        .select_related(
            "dataset",
            "submission__participant",
            "submission__phase__competition",
            "submission__phase__dataset",
        )
        .first()
    )
    if evaluation is None:
        raise Http404("There is no scored entry with this id.")
    sight = sight_of_entry(evaluation, viewer)
    if not sight.page:
        raise Http404("There is no scored entry with this id.")
    return SeenEntry(evaluation.submission, evaluation, sight)


def kept_picture_or_404(
    entry: uuid.UUID, pair: str, viewer: Viewer
) -> tuple[GalleryPicture, Sight]:
    """A pair's gallery picture of the entry; Http404 where this viewer may see no picture."""
    seen = seen_entry_or_404(entry, viewer)
    kept = seen.evaluation.gallery.filter(pair=pair).first() if seen.sight.pairs else None
    if kept is None:
        raise Http404("This entry shows no such picture.")
    kept.evaluation = seen.evaluation
    return kept, seen.sight


def gallery(seen: SeenEntry) -> Sequence[GalleryPicture]:
    """The pictures kept of the entry; none for a viewer who may not see them."""
    return list(seen.evaluation.gallery.all()) if seen.sight.pairs else []


def place(seen: SeenEntry) -> Place:
    """The entry's place on its phase's board."""
    stand = standings(seen.submission.phase)
    ids = [standing.candidate.evaluation for standing in stand]
    if seen.evaluation.pk not in ids:
        return Place(listed=False, rank=None, entrants=len(stand))
    index = ids.index(seen.evaluation.pk)
    beside = ids[max(index - 1, 0) : index + 2]
    found = Evaluation.objects.filter(pk__in=beside).values_list("pk", "submission_id")
    submissions = dict(found)
    return Place(
        listed=True,
        rank=stand[index].rank,
        entrants=len(stand),
        above=submissions.get(ids[index - 1]) if index else None,
        below=submissions.get(ids[index + 1]) if index + 1 < len(ids) else None,
    )
