"""The bad ends of an evaluation: failed, cancelled, error; who pays, and what may be said.

A held-out run tells its participant a closed code and a sentence of ours, never the entry's text:
what an entry writes could carry the held-out pictures out.
"""

import logging

from django.db import transaction
from django.utils import timezone

from evaluator.sandbox.verdicts import VERDICTS, closed_sentence
from evaluator.version import __version__ as evaluator_version
from stylearena.judging.models import Evaluation, Shard, Stage
from stylearena.judging.queries import is_held_out
from stylearena.submissions import services as submissions
from stylearena.submissions.models import ACTIVE_STATES, State, Submission

log = logging.getLogger(__name__)

FAULTS_CODE = "platform.faults"
FAULTS_REASON = (
    "The platform failed to judge this entry several times; the operators were told and your "
    "quota was given back."
)
SCORED_CODE = "evaluation.scored"
_OTHER_CODE = "entry.failed"
_HELD_OUT = "The pictures of this run are held out, so that is all that can be said."


def told(evaluation: Evaluation, code: str, reason: str) -> tuple[str, str]:
    """The code and sentence that the participant may read about a failure of ``evaluation``."""
    if not is_held_out(evaluation.stage, evaluation.submission.phase):
        return code, reason
    code = code if code in VERDICTS else _OTHER_CODE
    return code, f"{closed_sentence(code)} {_HELD_OUT}"


def end(evaluation_id: int, *, state: State, code: str, reason: str, transcript: str = "") -> bool:
    """End an evaluation, its shards and its submission together; False if it had ended before.

    ``transcript`` is the smoke run's log; it is dropped for a full run.
    """
    evaluation = Evaluation.objects.select_related("submission__phase").get(pk=evaluation_id)
    if state == State.FAILED:
        code, reason = told(evaluation, code, reason)
    now = timezone.now()
    with transaction.atomic():
        ended = Evaluation.objects.filter(pk=evaluation_id, state__in=ACTIVE_STATES).update(
            state=state,
            reason_code=code,
            reason=reason,
            log=transcript if evaluation.stage == Stage.SMOKE else "",
            leased_until=None,
            finished_at=now,
        )
        if not ended:
            return False
        Shard.objects.filter(evaluation_id=evaluation_id, state__in=ACTIVE_STATES).update(
            state=State.CANCELLED, leased_until=None, finished_at=now
        )
        _end_submission(evaluation, state, code, reason)
    if state == State.ERROR:
        log.error("Evaluation %s of %s: %s", evaluation_id, evaluation.submission_id, code)
    return True


def cancel(evaluation_id: int) -> bool:
    """Grant the wish to cancel that its submission carries; False if it had ended before."""
    submission = Submission.objects.get(evaluations=evaluation_id)
    reason = submissions.cancelled_reason(submission)
    return end(evaluation_id, state=State.CANCELLED, code=submissions.CANCELLED_CODE, reason=reason)


def costs_quota(*, stage: str, state: State, started: bool) -> bool:
    """A full run costs once it has started, unless its end is our fault; a smoke run never does."""
    return stage == Stage.FULL and state != State.ERROR and started


def _end_submission(evaluation: Evaluation, state: State, code: str, reason: str) -> None:
    changed = submissions.transition(
        evaluation.submission_id, to=state, frm=ACTIVE_STATES, reason_code=code, reason=reason
    )
    if not changed:  # a re-score of a submission that has its verdict, or one cancelled meanwhile
        return
    started = evaluation.started_at is not None
    if state == State.CANCELLED and _is_cancelled_for_free(evaluation):
        submissions.refund(evaluation.submission_id, code)
    elif costs_quota(stage=evaluation.stage, state=state, started=started):
        submissions.charge(evaluation.submission_id, code)
    else:
        submissions.refund(evaluation.submission_id, code)


def _is_cancelled_for_free(evaluation: Evaluation) -> bool:
    """By an organiser, or while it waited for workers of another version of the evaluator."""
    began = evaluation.state == State.RUNNING
    waits = began and evaluation.evaluator_version != evaluator_version
    return waits or evaluation.submission.is_cancelled_by_organiser
