"""The conclusion of a full run: leased and fenced like a shard, so that it is published once.

Two workers may be told of the same conclusion; one holds the lease. One that is killed leaves a
lease that runs out, which the sweeper counts as a fault of ours.
"""

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from evaluator.report import Report
from stylearena.competitions.services import board_changed, hold_board
from stylearena.judging import messages
from stylearena.judging.models import (
    Evaluation,
    Rescore,
    Score,
    Stage,
    report_path,
)
from stylearena.judging.services import rescoring, verdicts
from stylearena.judging.services.pauses import lease_end, pause_after
from stylearena.submissions import services as submissions
from stylearena.submissions.models import ACTIVE_STATES, State

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConclusionLease:
    """The right to publish an evaluation's report, for as long as ``token`` is current."""

    evaluation_id: int
    token: int


def claim_conclusion(evaluation_id: int) -> ConclusionLease | None:
    """Lease the conclusion of a full run whose shards are all scored; None if it is not to be had.

    Two claims at once both name the token they read, and only one UPDATE finds it unchanged.
    """
    evaluation = Evaluation.objects.filter(pk=evaluation_id, stage=Stage.FULL).first()
    if evaluation is None or evaluation.shards.exclude(state=State.SCORED).exists():
        return None
    claimed = Evaluation.objects.filter(
        pk=evaluation_id,
        token=evaluation.token,
        state=State.RUNNING,
        leased_until__isnull=True,
        not_before__lte=timezone.now(),
    ).update(token=evaluation.token + 1, leased_until=lease_end())
    return ConclusionLease(evaluation_id, evaluation.token + 1) if claimed else None


def prolong_conclusion(lease: ConclusionLease) -> bool:
    """A heartbeat of the worker that concludes; False for a lease that was lost."""
    return bool(_held(lease).update(leased_until=lease_end()))


def conclude(lease: ConclusionLease, report: Report) -> bool:
    """Publish ``report``: its file, score rows, the submission's end and its charge, at once.

    The report of a lease that was lost is dropped, and False returned.
    """
    evaluation = Evaluation.objects.select_related("submission").get(pk=lease.evaluation_id)
    path = report_path(evaluation, "")
    name = default_storage.save(path, ContentFile(report.model_dump_json().encode()))
    with transaction.atomic():
        concluded = _publish(lease, evaluation, name, report)
    if not concluded:
        default_storage.delete(name)
    return concluded


def release_conclusion(lease: ConclusionLease, *, pause: float = 0.0) -> bool:
    """Hand a conclusion back through nobody's fault, to be taken up again after ``pause``."""
    return _retry(_held(lease), lease.evaluation_id, pause)


def fault(lease: ConclusionLease, code: str) -> bool:
    """Count a fault of ours in the conclusion; beyond the limit the evaluation ends in error."""
    log.warning("The conclusion of %s met a fault of ours: %s", lease.evaluation_id, code)
    return count_conclusion_fault(_held(lease), lease.evaluation_id)


def fail_conclusion(lease: ConclusionLease, code: str, reason: str) -> bool:
    """The entry's outputs can have no score: its evaluation ends, and is never tried again."""
    return _end(_held(lease), lease.evaluation_id, State.FAILED, code, reason)


def expire_conclusions() -> int:
    """Count a fault for every conclusion whose worker is gone; returns how many there were."""
    lapsed = Evaluation.objects.filter(state=State.RUNNING, leased_until__lt=timezone.now())
    found = list(lapsed.values_list("pk", "token"))
    return sum(count_conclusion_fault(lapsed.filter(pk=pk, token=token), pk) for pk, token in found)


def count_conclusion_fault(held: QuerySet[Evaluation], evaluation_id: int) -> bool:
    """Let the conclusion wait for another try, or end its evaluation when it has had enough."""
    faults = held.values_list("faults", flat=True).first()
    if faults is None:
        return False
    if faults < settings.MAX_FAULTS:
        return _retry(held, evaluation_id, pause_after(faults + 1), counted=1)
    code, reason = verdicts.FAULTS_CODE, verdicts.FAULTS_REASON
    return _end(held, evaluation_id, State.ERROR, code, reason)


def _end(
    held: QuerySet[Evaluation], evaluation_id: int, state: State, code: str, reason: str
) -> bool:
    """Take the lease and end what it was for, at once: of its holder and us, one is refused."""
    with transaction.atomic():
        if not held.update(leased_until=None):
            return False
        return verdicts.end(evaluation_id, state=state, code=code, reason=reason)


def _retry(
    held: QuerySet[Evaluation], evaluation_id: int, pause: float, *, counted: int = 0
) -> bool:
    with transaction.atomic():
        waits = held.update(
            leased_until=None,
            faults=F("faults") + counted,
            not_before=timezone.now() + timedelta(seconds=pause),
        )
        if waits:
            messages.conclude(evaluation_id, after_seconds=pause)
    return bool(waits)


def _publish(lease: ConclusionLease, evaluation: Evaluation, name: str, report: Report) -> bool:
    scores = _score_rows(evaluation, report)
    concluded = _held(lease).update(
        state=State.SCORED,
        report=name,
        sandbox_rung=report.provenance.sandbox_rung,
        device=report.provenance.device[:80],
        leased_until=None,
        finished_at=timezone.now(),
    )
    if concluded:
        Score.objects.bulk_create(scores)
        _promote(evaluation)
        if submissions.transition(evaluation.submission_id, to=State.SCORED, frm=ACTIVE_STATES):
            submissions.charge(evaluation.submission_id, verdicts.SCORED_CODE)
        board_changed(evaluation.submission.phase_id)
    return bool(concluded)


def _promote(evaluation: Evaluation) -> None:
    """An entry's first scores stand at once; those of a re-score when the re-score is promoted.

    A straggler of one that is promoted already follows the rest, unless a later one has been.
    """
    promoted = evaluation.submission.evaluations.filter(is_promoted=True)
    if evaluation.rescore_id is not None:
        # A promotion at the same moment sees this evaluation's scores, or is seen here.
        hold_board(evaluation.submission.phase_id)
        if not Rescore.objects.filter(rescoring.in_force(), pk=evaluation.rescore_id).exists():
            return
        promoted.update(is_promoted=False)
    if not promoted.exists():
        Evaluation.objects.filter(pk=evaluation.pk).update(is_promoted=True)


def _held(lease: ConclusionLease) -> QuerySet[Evaluation]:
    return Evaluation.objects.filter(
        pk=lease.evaluation_id,
        token=lease.token,
        state=State.RUNNING,
        leased_until__isnull=False,
    )


def _score_rows(evaluation: Evaluation, report: Report) -> list[Score]:
    """One row a metric; a report holds finite numbers only, so these are."""
    return [
        Score(
            evaluation=evaluation,
            metric=metric,
            value=score.value,
            low=score.low,
            high=score.high,
            n=score.n,
        )
        for metric, score in report.overall.items()
    ]
