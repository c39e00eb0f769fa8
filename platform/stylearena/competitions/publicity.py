"""Whether a dataset's pictures may be shown to everybody, or taken back, now."""

from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from evaluator.errors import OrganiserError
from stylearena.competitions.models import Dataset, Visibility

__all__ = ["require_publishable", "require_showable"]


def require_publishable(dataset: Dataset, *, is_public: bool, now: datetime | None = None) -> None:
    """OrganiserError ``dataset.held_out``, ``.smoke`` or ``.shown`` if it must stay as it is.

    Held-out pictures stay hidden while entries are judged on them, and the pictures of a smoke
    run, whose logs are shown, stay public, as do those of a phase that shows its pictures.
    """
    if is_public == dataset.is_public:
        return
    if is_public:
        _require_finished(dataset, now or timezone.now())
    else:
        _require_no_smoke_run(dataset)
        _require_no_open_phase(dataset)


def require_showable(dataset: Dataset, visibility: str) -> None:
    """OrganiserError ``phase.shows_held_out`` if a phase would show pictures that are held out."""
    if visibility == Visibility.OPEN and not dataset.is_public:
        raise OrganiserError(
            "phase.shows_held_out",
            f"A phase with visibility “{Visibility.OPEN}” shows the pictures of {dataset.name}, "
            "which are held out; choose another dataset or the visibility "
            f"“{Visibility.SCORES}”, or make the dataset public.",
        )


def _require_finished(dataset: Dataset, now: datetime) -> None:
    unfinished = Q(closes_at__isnull=True) | Q(closes_at__gt=now)
    phase = dataset.phases.filter(unfinished, frozen_at__isnull=False).first()
    if phase is not None:
        raise OrganiserError(
            "dataset.held_out",
            f"The phase “{phase}” is judged on these pictures and has not closed; show them "
            "after it has.",
        )


def _require_no_smoke_run(dataset: Dataset) -> None:
    phase = dataset.smoke_phases.first()
    if phase is not None:
        raise OrganiserError(
            "dataset.smoke",
            f"The phase “{phase}” tries entries on these pictures first and shows the logs; "
            "give it another smoke dataset before hiding them.",
        )


def _require_no_open_phase(dataset: Dataset) -> None:
    phase = dataset.phases.filter(visibility=Visibility.OPEN).first()
    if phase is not None:
        raise OrganiserError(
            "dataset.shown",
            f"The phase “{phase}” shows these pictures with its entries; they cannot be hidden.",
        )
