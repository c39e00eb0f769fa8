"""The sweep: finds what was lost and ends what takes too long, from the database alone.

Safe to run twice at once and at any moment: every step is the same conditional UPDATE that the
workers use, and a message sent once too often is refused by the claim.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from stylearena.competitions.services import freeze_opened
from stylearena.judging import messages
from stylearena.judging.models import Evaluation, Lane, Shard, Stage
from stylearena.judging.services import conclusions, leases, leftovers, rescoring, stages, verdicts
from stylearena.judging.services.line import restore_turns
from stylearena.submissions import services as submissions
from stylearena.submissions.models import ACTIVE_STATES, State, Submission

_OVERDUE_CODE = "platform.deadline"
_OVERDUE_REASON = (
    "The platform could not judge this entry in time; the operators were told and your quota "
    "was given back."
)


@dataclass(frozen=True, slots=True)
class SweepCounts:
    """How much a sweep found to do, by kind."""

    expired: int = 0
    overdue: int = 0
    cancelled: int = 0
    begun: int = 0
    stranded: int = 0
    rescored: int = 0
    lined_up: int = 0
    resent: int = 0
    cleared: int = 0

    def __bool__(self) -> bool:
        return any(astuple(self))


def sweep(now: datetime | None = None) -> SweepCounts:
    """One round over everything that is not in a terminal state; phases that opened freeze."""
    now = now or timezone.now()
    freeze_opened(now=now)
    return SweepCounts(
        expired=leases.expire(now) + conclusions.expire_conclusions(),
        overdue=_end_overdue(now),
        cancelled=_cancel_wished() + rescoring.end_dropped(),
        begun=_begin_orphans(now),
        stranded=_end_stranded(now),
        rescored=rescoring.cover_all(),
        lined_up=restore_turns(),
        resent=_resend(now),
        cleared=leftovers.clear(now),
    )


def _end_overdue(now: datetime) -> int:
    overdue = Evaluation.objects.filter(state__in=ACTIVE_STATES, deadline__lt=now)
    return sum(
        verdicts.end(pk, state=State.ERROR, code=_OVERDUE_CODE, reason=_OVERDUE_REASON)
        for pk in overdue.values_list("pk", flat=True)
    )


def _cancel_wished() -> int:
    """Wishes that no running shard will read, and runs of submissions that ended without them."""
    running = Shard.objects.filter(
        evaluation__submission=OuterRef("submission_id"), state=State.RUNNING
    )
    idle = Evaluation.objects.filter(
        ~Exists(running), state__in=ACTIVE_STATES, rescore__isnull=True
    )
    wished = Q(submission__cancel_requested_at__isnull=False)
    unwanted = idle.filter(wished | Q(submission__state=State.CANCELLED))
    return sum(verdicts.cancel(pk) for pk in unwanted.values_list("pk", flat=True))


def _begin_orphans(now: datetime) -> int:
    """Submissions whose first message was lost."""
    evaluations = Evaluation.objects.filter(submission=OuterRef("pk"))
    orphans = _submissions_older_than(now).filter(~Exists(evaluations))
    found = list(orphans.order_by("created_at").values_list("pk", flat=True))
    for pk in found:
        stages.begin(pk)
    return len(found)


def _end_stranded(now: datetime) -> int:
    """Active submissions with nothing active to judge them: never by our code, but by a hand."""
    evaluations = Evaluation.objects.filter(submission=OuterRef("pk"))
    active = evaluations.filter(state__in=ACTIVE_STATES)
    stranded = _submissions_older_than(now).filter(Exists(evaluations), ~Exists(active))
    return sum(_end_as_error(pk) for pk in stranded.values_list("pk", flat=True))


def _end_as_error(submission_id: UUID) -> bool:
    changed = submissions.transition(
        submission_id,
        to=State.ERROR,
        frm=ACTIVE_STATES,
        reason_code=verdicts.FAULTS_CODE,
        reason=verdicts.FAULTS_REASON,
    )
    if changed:
        submissions.refund(submission_id, verdicts.FAULTS_CODE)
    return changed


def _submissions_older_than(now: datetime) -> QuerySet[Submission]:
    before = now - timedelta(seconds=settings.SWEEP_SECONDS)
    return Submission.objects.filter(state__in=ACTIVE_STATES, created_at__lt=before)


def _resend(now: datetime) -> int:
    """Hints that were lost: fewer wait in the broker than there are shards that wait for one.

    Nothing is sent to a broker that does not answer; the next round will.
    """
    before = now - timedelta(seconds=settings.SWEEP_SECONDS)
    smoke = messages.waiting(messages.SMOKE_QUEUE)
    later = None if smoke is None else messages.waiting(messages.JUDGING_QUEUE)
    if smoke is None or later is None:
        return 0
    hints = _resend_hints(now, before, (Lane.SMOKE,), smoke)
    hints += _resend_hints(now, before, (Lane.FULL, Lane.RESCORE), later)
    return hints + _resend_conclusions(now, before)


def _resend_hints(now: datetime, before: datetime, lanes: Sequence[Lane], there: int) -> int:
    wanting = Shard.objects.filter(
        lane__in=lanes,
        state=State.QUEUED,
        queued_at__lt=before,
        not_before__lt=before,
        evaluation__state__in=ACTIVE_STATES,
    )
    found = list(wanting.order_by("pk").values_list("pk", "lane"))[there:]
    sent = [pk for pk, _ in takewhile(lambda hint: messages.judge_now(*hint), found)]
    Shard.objects.filter(pk__in=sent, state=State.QUEUED).update(queued_at=now)
    return len(sent)


def _resend_conclusions(now: datetime, before: datetime) -> int:
    unsettled = Shard.objects.filter(evaluation=OuterRef("pk")).exclude(
        state=State.SCORED, finished_at__lt=before
    )
    ready = Evaluation.objects.filter(
        ~Exists(unsettled),
        stage=Stage.FULL,
        state=State.RUNNING,
        leased_until__isnull=True,
        not_before__lte=now,
    )
    return len(list(takewhile(messages.conclude_now, ready.values_list("pk", flat=True))))
