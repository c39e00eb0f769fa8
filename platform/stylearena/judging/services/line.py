"""The line in front of each lane: a participant with something queued stands in it once.

A turn is only a hint, like a message: ``turns`` takes out whom it finds nothing for, and the
sweeper puts back whoever is missing.
"""

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Least
from django.utils import timezone

from stylearena.judging.models import Evaluation, RescoreState, Shard, Turn
from stylearena.submissions.models import ACTIVE_STATES, State


def wanted(of: str = "") -> Q:
    """Evaluations, or whatever is ``of`` one, whose shards somebody still wants.

    A wish to cancel ends a submission's own runs, not the re-score of one that was scored before
    the wish was read; that ends when the re-score is dropped.
    """
    rescored = Q(**{f"{of}rescore__state__in": (RescoreState.OPEN, RescoreState.PROMOTED)})
    own = Q(**{f"{of}rescore__isnull": True})
    not_cancelled = Q(**{f"{of}submission__cancel_requested_at__isnull": True})
    return Q(**{f"{of}state__in": ACTIVE_STATES}) & (rescored | own & not_cancelled)


def line_up(lane: str, participant_id: int, *, at: datetime | None = None) -> None:
    """Let a participant stand in line from ``at`` on, unless they stand there already."""
    when = at or timezone.now()
    line = Turn.objects.filter(lane=lane, participant_id=participant_id)
    while not line.update(at=Least(F("at"), when), version=F("version") + 1):
        turn = Turn(lane=lane, participant_id=participant_id, at=when)
        Turn.objects.bulk_create([turn], ignore_conflicts=True)


def restore_turns() -> int:
    """Line up whoever has queued shards and does not stand in line; returns how many there were."""
    stands = Turn.objects.filter(lane=OuterRef("lane"), participant=OuterRef("participant"))
    queued = Shard.objects.filter(
        state=State.QUEUED, evaluation__in=Evaluation.objects.filter(wanted())
    )
    missing = queued.filter(~Exists(stands)).order_by().values_list("lane", "participant_id")
    found = list(missing.distinct())
    for lane, participant_id in found:
        line_up(lane, participant_id)
    return len(found)
