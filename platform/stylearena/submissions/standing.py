"""Whether an entry stands on the board: hidden, disqualified, restored, or withdrawn by its author.

Nothing is deleted: an entry that was set aside keeps its scores, which its author and the
organisers still see, and every act of an organiser is in the audit log with its reason.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from evaluator.errors import OrganiserError, ParticipantError
from stylearena.accounts.models import User
from stylearena.competitions import audit
from stylearena.competitions.permissions import organises
from stylearena.competitions.services import board_changed
from stylearena.submissions.models import Standing, State, Submission
from stylearena.submissions.presentation import named

__all__ = ["decide", "withdraw"]

_ACTS = {
    Standing.RANKED: "entry.restored",
    Standing.HIDDEN: "entry.hidden",
    Standing.DISQUALIFIED: "entry.disqualified",
}


def decide(submission: Submission, to: Standing, *, by: User, reason: str) -> bool:
    """An organiser's decision; False if the entry stands so already.

    Raises PermissionDenied for anybody else, and OrganiserError ``standing.reason`` without a
    reason, ``standing.withdrawn`` for an entry that its author took back.
    """
    competition = submission.phase.competition
    if not organises(by, competition):
        raise PermissionDenied
    if to not in _ACTS:
        raise OrganiserError(
            "standing.withdrawn", "Only its author can withdraw an entry; hide it."
        )
    if to != Standing.RANKED and not reason.strip():
        raise OrganiserError(
            "standing.reason", "Say why: the reason is shown to the entry's author and logged."
        )
    with transaction.atomic():
        row = Submission.objects.select_for_update().get(pk=submission.pk)
        if row.standing == Standing.WITHDRAWN:
            raise OrganiserError(
                "standing.withdrawn", "Its author withdrew this entry; it stays off the board."
            )
        if row.standing == to:
            return False
        _set(row, to, "" if to == Standing.RANKED else reason.strip())
        audit.record(
            competition, by=by, act=_ACTS[to], subject=named(submission), detail=reason.strip()
        )
    return True


def withdraw(submission: Submission, *, by: User) -> bool:
    """Its author takes a scored entry off the board, for good; False if it was withdrawn before.

    Raises PermissionDenied for anybody else, and ParticipantError ``entry.not_scored``. What it
    cost of the quota is not given back, and a disqualification stays one.
    """
    if by.pk != submission.participant_id:
        raise PermissionDenied
    rows = Submission.objects.filter(pk=submission.pk)
    if not rows.filter(state=State.SCORED).exists():
        raise ParticipantError(
            "entry.not_scored", "Only a scored entry can be withdrawn; cancel one that is judged."
        )
    standing = rows.filter(standing__in=(Standing.RANKED, Standing.HIDDEN))
    with transaction.atomic():
        withdrawn = standing.update(standing=Standing.WITHDRAWN, standing_reason="") > 0
        if withdrawn:
            board_changed(submission.phase_id)
    return withdrawn


def _set(submission: Submission, to: Standing, reason: str) -> None:
    Submission.objects.filter(pk=submission.pk).update(standing=to, standing_reason=reason)
    board_changed(submission.phase_id)
