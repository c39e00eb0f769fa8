"""Opening a phase at once, or ending it early: the two moments an organiser may choose by hand.

The end of an open phase is frozen like its limits, save for this: everybody is stopped at the same
moment, so ending early is fair where giving more time to those who noticed is not.
"""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from stylearena.competitions.freezing import freeze_opened
from stylearena.competitions.models import Phase

__all__ = ["closable", "close_now", "open_now"]


def open_now(phases: QuerySet[Phase]) -> int:
    """Open those of the phases that were still to open; returns how many."""
    now = timezone.now()
    waiting = phases.filter(_ends_after(now), opens_at__gt=now, frozen_at__isnull=True)
    opened = waiting.update(opens_at=now)
    freeze_opened()
    return opened


def closable(phases: QuerySet[Phase], *, now: datetime | None = None) -> QuerySet[Phase]:
    """Those of the phases that are open."""
    moment = now or timezone.now()
    return phases.filter(_ends_after(moment), opens_at__lt=moment)


def close_now(phases: QuerySet[Phase]) -> int:
    """End those of the phases that are open, for good; returns how many.

    What was handed in is still judged, and a board hidden until the end is shown.
    """
    freeze_opened()  # it was open: nothing else of it may change behind its end
    now = timezone.now()
    return closable(phases, now=now).update(closes_at=now)


def _ends_after(moment: datetime) -> Q:
    return Q(closes_at__isnull=True) | Q(closes_at__gt=moment)
