"""Freezing: what makes a phase fair is fixed from the moment it opens to the public.

A phase of an unpublished competition is a draft and never freezes.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from stylearena.competitions.models import Competition, Phase

__all__ = ["FROZEN_FIELDS", "freeze", "freeze_opened", "is_frozen", "publish", "unpublish"]

FROZEN_FIELDS = (
    "slug",
    "dataset",
    "smoke_dataset",
    "protocol",
    "protocol_digest",
    "ranking_metric",
    "visibility",
    "opens_at",
    "closes_at",
    "per_day",
    "in_total",
    "at_once",
    "archive_bytes",
    "unpacked_bytes",
    "memory_bytes",
    "scratch_bytes",
    "processes",
    "pair_seconds",
    "wall_seconds",
    "sandbox",
)


def is_frozen(phase: Phase, *, now: datetime | None = None) -> bool:
    """Whether the phase is frozen, or would be if somebody had looked at it in time."""
    if phase.frozen_at is not None:
        return True
    return phase.competition.is_published and phase.opens_at <= (now or timezone.now())


def freeze(phase: Phase, *, now: datetime | None = None) -> bool:
    """Freeze a phase that has opened in a published competition; False if there was nothing to do.

    ``phase`` is brought up to date; safe to call from anywhere, any number of times.
    """
    frozen = _freeze(Phase.objects.filter(pk=phase.pk), now)
    phase.refresh_from_db(fields=("frozen_at",))
    return frozen > 0


def freeze_opened(*, now: datetime | None = None) -> int:
    """Freeze every phase that has opened; returns how many were."""
    return _freeze(Phase.objects.all(), now)


def publish(competitions: QuerySet[Competition]) -> int:
    """Show competitions to everybody, and freeze their phases that are open; returns how many.

    A competition without a phase stays a draft: there would be nothing to take part in.
    """
    has_phase = Exists(Phase.objects.filter(competition=OuterRef("pk")))
    drafts = Competition.objects.filter(has_phase, pk__in=competitions.values("pk"))
    published = drafts.filter(is_published=False).update(is_published=True)
    freeze_opened()
    return published


def unpublish(competitions: QuerySet[Competition]) -> int:
    """Hide competitions; what is frozen stays frozen. Returns how many were hidden."""
    return competitions.filter(is_published=True).update(is_published=False)


def _freeze(phases: QuerySet[Phase], now: datetime | None) -> int:
    moment = now or timezone.now()
    due = phases.filter(
        frozen_at__isnull=True, opens_at__lte=moment, competition__is_published=True
    )
    return due.update(frozen_at=moment)
