"""From a submission to its conclusion: the smoke run, then the full run in shards."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluator.version import __version__ as evaluator_version
from stylearena.judging import messages
from stylearena.judging.models import Evaluation, Lane, Shard, Stage
from stylearena.judging.services.line import line_up, wanted
from stylearena.submissions import services as submissions
from stylearena.submissions.models import ACTIVE_STATES, State, Submission

log = logging.getLogger(__name__)

SMOKE_PAIRS = 2
QUEUE_PATIENCE = timedelta(hours=24)  # without a free worker for that long, an operator must look
RESCORE_PATIENCE = timedelta(days=14)  # they wait for everything else


def begin(submission_id: UUID | str) -> None:
    """Queue the smoke run of a new submission. Calling it again changes nothing."""
    submission = Submission.objects.select_related("phase__smoke_dataset").get(pk=submission_id)
    if submission.state not in ACTIVE_STATES or submission.cancel_requested_at is not None:
        return
    _queue(submission, Stage.SMOKE)


def lock(evaluation_id: int) -> None:
    """Take the evaluation's row lock for the rest of the transaction.

    Whatever changes shards takes it first: evaluation, shards, submission, quota, in this order,
    so that no two transactions wait for each other.
    """
    rows = Evaluation.objects.select_for_update().filter(pk=evaluation_id).order_by()
    rows.values_list("pk", flat=True).first()


def lock_wanted(evaluation_id: int) -> Evaluation | None:
    """``lock``, and the evaluation itself; None if nobody wants its shards."""
    rows = Evaluation.objects.select_for_update(of=("self",)).filter(wanted(), pk=evaluation_id)
    return rows.order_by().first()


def start(evaluation: Evaluation) -> None:
    """The first shard of ``evaluation`` was claimed: it runs, and so does its submission.

    It runs under the evaluator that begins it, whichever it was queued under; ``versions`` has
    what becomes of it when no worker of that version is left.
    """
    started = Evaluation.objects.filter(pk=evaluation.pk, state=State.QUEUED).update(
        state=State.RUNNING,
        evaluator_version=evaluator_version,
        started_at=timezone.now(),
        deadline=running_deadline(evaluation),
    )
    if started:
        submissions.transition(evaluation.submission_id, to=State.RUNNING, frm=(State.QUEUED,))


def advance(evaluation_id: int, *, transcript: str = "") -> None:
    """A shard was scored: go on to the next stage if it was the last one."""
    shards = Shard.objects.filter(evaluation=evaluation_id)
    if shards.exclude(state=State.SCORED).exists():
        return
    evaluation = Evaluation.objects.select_related("submission__phase").get(pk=evaluation_id)
    if evaluation.stage == Stage.FULL:
        messages.conclude(evaluation_id)
        return
    passed = Evaluation.objects.filter(pk=evaluation_id, state=State.RUNNING).update(
        state=State.SCORED, log=transcript, finished_at=timezone.now()
    )
    if passed:
        _queue(evaluation.submission, Stage.FULL)


def _queue(submission: Submission, stage: Stage) -> None:
    """Create the stage's evaluation with its shards, unless somebody has done so already."""
    phase = submission.phase
    try:
        with transaction.atomic():
            evaluation = Evaluation.objects.create(
                submission=submission,
                stage=stage,
                dataset=phase.smoke_dataset if stage == Stage.SMOKE else phase.dataset,
                protocol=phase.protocol,
                protocol_digest=phase.protocol_digest,
                evaluator_version=evaluator_version,
                deadline=timezone.now() + QUEUE_PATIENCE,
            )
            cut_into_shards(evaluation, Lane.SMOKE if stage == Stage.SMOKE else Lane.FULL)
    except IntegrityError:  # one_evaluation_a_stage
        log.info("The %s of %s is there already", stage.label.lower(), submission.pk)


def cut_into_shards(evaluation: Evaluation, lane: Lane) -> None:
    """Contiguous shards of the phase's size and a message for each; a smoke run is a single one."""
    pairs, size = evaluation.dataset.pairs, evaluation.submission.phase.shard_pairs
    if evaluation.stage == Stage.SMOKE:
        pairs = size = min(SMOKE_PAIRS, pairs)
    participant_id = evaluation.submission.participant_id
    shards = Shard.objects.bulk_create(
        Shard(
            evaluation=evaluation,
            lane=lane,
            participant_id=participant_id,
            index=index,
            first=first,
            stop=min(first + size, pairs),
        )
        for index, first in enumerate(range(0, pairs, size))
    )
    line_up(lane, participant_id)
    for shard in shards:
        messages.judge(shard.pk, lane)


def running_deadline(evaluation: Evaluation) -> datetime:
    """Time for every shard to run to its limit on one worker, on top of waiting for it."""
    phase = evaluation.submission.phase
    runs = timedelta(seconds=phase.wall_seconds * evaluation.shards.count())
    patience = RESCORE_PATIENCE if evaluation.rescore_id else QUEUE_PATIENCE
    return timezone.now() + patience + runs
