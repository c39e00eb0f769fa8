"""What changes a submission: intake, cancelling, its state; the ledger is in ``quota``.

Nothing of an entry is run here. Every change of state is one conditional UPDATE.
"""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import RedisError

from evaluator.entry import ArchiveLimits, Entry, open_entry
from stylearena.accounts.models import User
from stylearena.celery import app as celery_app
from stylearena.competitions import audit
from stylearena.competitions.models import Phase
from stylearena.competitions.permissions import organises
from stylearena.competitions.services import freeze
from stylearena.submissions import intake, quota
from stylearena.submissions.models import ACTIVE_STATES, State, Submission
from stylearena.submissions.presentation import named
from stylearena.submissions.quota import charge, refund

__all__ = [
    "CANCELLED_CODE",
    "cancel",
    "cancelled_reason",
    "charge",
    "refund",
    "submit",
    "transition",
]

CANCELLED_CODE = "submission.cancelled"
_BY_PARTICIPANT = "Cancelled by its participant."
_BY_ORGANISER = "Cancelled by an organiser."

logger = logging.getLogger(__name__)


def submit(*, phase: Phase, participant: User, upload: "File[bytes]", filename: str) -> Submission:
    """Take in an entry: static checks, quota reserved, submission queued, judging told on commit.

    Raises ParticipantError ``phase.closed``, ``quota.exceeded`` or ``entry.*``; then nothing is
    kept and nothing is counted.
    """
    intake.require_open(phase)
    quota.count(phase, participant).require_room()  # before any work; counted again under lock
    freeze(phase)
    with TemporaryDirectory(prefix="stylearena-intake-") as folder:
        archive = intake.receive(upload, Path(folder), filename=filename, limit=phase.archive_bytes)
        limits = ArchiveLimits(
            archive_bytes=phase.archive_bytes, unpacked_bytes=phase.unpacked_bytes
        )
        entry = open_entry(archive, Path(folder) / "unpacked", limits)
        submission = _new(phase, participant, entry)
        with _stored(submission, archive):
            _queue(submission)
    return submission


def cancel(submission: Submission, *, by: User) -> bool:
    """Cancel a queued submission at once, ask for the end of a running one; False if neither.

    Raises PermissionDenied unless ``by`` is its participant or organises its competition; what an
    organiser ends is logged, and costs the participant nothing.
    """
    competition = submission.phase.competition
    if by.pk != submission.participant_id and not organises(by, competition):
        raise PermissionDenied
    with transaction.atomic():
        asked = _ask_to_cancel(submission, by)
        if asked and by.pk != submission.participant_id:
            audit.record(competition, by=by, act=CANCELLED_CODE, subject=named(submission))
    return asked


def cancelled_reason(submission: Submission) -> str:
    """Who asked for its end, as its participant reads it."""
    return _BY_ORGANISER if submission.is_cancelled_by_organiser else _BY_PARTICIPANT


def transition(
    submission_id: UUID,
    *,
    to: State,
    frm: Collection[State],
    reason_code: str = "",
    reason: str = "",
) -> bool:
    """Move a submission to ``to`` if it is in one of ``frm``; False if somebody else moved it."""
    now = timezone.now()
    stamps: dict[str, Any] = {"finished_at": None if to in ACTIVE_STATES else now}
    if to == State.RUNNING:
        stamps["started_at"] = Coalesce(F("started_at"), now)
    moved = Submission.objects.filter(pk=submission_id, state__in=frm).update(
        state=to, reason_code=reason_code, reason=reason, **stamps
    )
    return moved > 0


def _ask_to_cancel(submission: Submission, by: User) -> bool:
    """End it if it is queued, note the wish if it runs; False if it has ended or was asked."""
    now = timezone.now()
    submission.cancel_requested_by = by
    rows = Submission.objects.filter(pk=submission.pk, cancel_requested_at__isnull=True)
    queued = rows.filter(state=State.QUEUED).update(
        state=State.CANCELLED,
        reason_code=CANCELLED_CODE,
        reason=cancelled_reason(submission),
        cancel_requested_at=now,
        cancel_requested_by=by,
        finished_at=now,
    )
    if queued:
        refund(submission.pk, CANCELLED_CODE)
        return True
    running = rows.filter(state=State.RUNNING)
    return running.update(cancel_requested_at=now, cancel_requested_by=by) > 0


def _new(phase: Phase, participant: User, entry: Entry) -> Submission:
    return Submission(
        phase=phase,
        participant=participant,
        name=entry.manifest.name,
        digest=entry.digest,
        size_bytes=entry.size_bytes,
        info=entry.info().model_dump(mode="json"),
    )


@contextmanager
def _stored(submission: Submission, archive: Path) -> Iterator[None]:
    """The archive in storage, and out of it again if the block fails and leaves no row.

    It is written before the transaction: a slow store must not hold the participant's lock.
    """
    with archive.open("rb") as file:
        submission.archive.save(archive.name, File(file), save=False)
    try:
        yield
    except BaseException:
        # What fails after the commit, such as telling the workers, must not cost the archive.
        if not Submission.objects.filter(pk=submission.pk).exists():
            submission.archive.delete(save=False)
        raise


def _queue(submission: Submission) -> None:
    """Reserve quota and create the row under a lock on the account: no upload overshoots."""
    phase, participant = submission.phase, submission.participant
    with transaction.atomic():
        quota.hold(phase, participant)
        quota.count(phase, participant).require_room()
        submission.save(force_insert=True)
        quota.reserve(submission)
        transaction.on_commit(partial(_announce, str(submission.id)))


def _announce(submission_id: str) -> None:
    """Tell the judging workers. The row is the truth: the sweeper finds it if the broker is out."""
    try:
        celery_app.send_task("judging.begin", args=[submission_id])
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("Submission %s waits for the sweeper: no broker (%s).", submission_id, error)
