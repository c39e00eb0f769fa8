"""The ledger: what a participant may still hand in to a phase, per UTC day, in all and at once.

A submission reserves once, and is then charged or refunded once, each with its reason. Accounts
hold the sums, and CHECK constraints on them refuse one too many whatever the code does.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evaluator.errors import ParticipantError
from stylearena.accounts.models import User
from stylearena.competitions.models import Phase
from stylearena.submissions.models import (
    QuotaAccount,
    QuotaDay,
    QuotaEntry,
    QuotaKind,
    Submission,
)

__all__ = ["Quota", "charge", "count", "hold", "refund", "reserve"]

HANDED_IN = "submission.handed_in"


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left; ``left_in_total`` is None where the phase sets no total."""

    left_today: int
    left_in_total: int | None
    left_at_once: int
    resets_at: datetime

    @property
    def refusal(self) -> str:
        """Which limit stands in the way, and when there is room again; empty if none does."""
        if self.left_in_total == 0:
            return "You have used all your submissions to this phase; there are no more."
        if self.left_today == 0:
            return (
                "You have used all your submissions to this phase for today; hand in again after "
                f"{self.resets_at:%H:%M} UTC on {self.resets_at:%d %B}."
            )
        if self.left_at_once == 0:
            return (
                "As many of your submissions as this phase allows are being judged now; wait for "
                "one to finish, or cancel one."
            )
        return ""

    def require_room(self) -> None:
        """ParticipantError ``quota.exceeded`` with the refusal, if there is one."""
        if self.refusal:
            raise ParticipantError("quota.exceeded", self.refusal)


def count(phase: Phase, participant: User, *, now: datetime | None = None) -> Quota:
    """What is left; exact only inside ``hold``."""
    today = _day(now or timezone.now())
    account = QuotaAccount.objects.filter(phase=phase, participant=participant).first()
    used_today = (
        QuotaDay.objects.filter(account=account, day=today).values_list("used", flat=True).first()
    )
    used, active = (account.used, account.active) if account else (0, 0)
    midnight = datetime(today.year, today.month, today.day, tzinfo=UTC)
    return Quota(
        left_today=max(0, phase.per_day - (used_today or 0)),
        left_in_total=None if phase.in_total is None else max(0, phase.in_total - used),
        left_at_once=max(0, phase.at_once - active),
        resets_at=midnight + timedelta(days=1),
    )


def hold(phase: Phase, participant: User) -> None:
    """Lock the participant's account for the rest of the transaction, so that ``count`` holds."""
    QuotaAccount.objects.get_or_create(phase=phase, participant=participant)
    QuotaAccount.objects.select_for_update().get(phase=phase, participant=participant)


def reserve(submission: Submission) -> None:
    """Count a submission against its phase's limits; the caller holds the account and has room.

    IntegrityError from the database where there is none after all.
    """
    phase, participant = submission.phase, submission.participant
    with transaction.atomic():
        account, _ = QuotaAccount.objects.get_or_create(phase=phase, participant=participant)
        line = QuotaEntry.objects.create(
            submission=submission, kind=QuotaKind.RESERVED, reason=HANDED_IN
        )
        QuotaAccount.objects.filter(pk=account.pk).update(
            used=F("used") + 1,
            active=F("active") + 1,
            most_used=phase.in_total,
            most_active=phase.at_once,
        )
        _reserve_today(account, _day(line.created_at), phase.per_day)


def charge(submission_id: UUID, reason: str) -> bool:
    """Settle the reservation as used; False if there is none or it was settled before."""
    return _settle(submission_id, QuotaKind.CHARGED, reason)


def refund(submission_id: UUID, reason: str) -> bool:
    """Settle the reservation as given back; False if there is none or it was settled before."""
    return _settle(submission_id, QuotaKind.REFUNDED, reason)


def _reserve_today(account: QuotaAccount, day: date, limit: int) -> None:
    QuotaDay.objects.get_or_create(account=account, day=day, defaults={"most": limit})
    QuotaDay.objects.filter(account=account, day=day).update(used=F("used") + 1, most=limit)


def _settle(submission_id: UUID, kind: QuotaKind, reason: str) -> bool:
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=submission_id)
        lines = QuotaEntry.objects.filter(submission_id=submission_id)
        reserved = lines.filter(kind=QuotaKind.RESERVED).first()
        if reserved is None or lines.exclude(kind=QuotaKind.RESERVED).exists():
            return False
        lines.create(submission_id=submission_id, kind=kind, reason=reason[:200])
        given_back = int(kind == QuotaKind.REFUNDED)
        accounts = QuotaAccount.objects.filter(
            phase_id=submission.phase_id, participant_id=submission.participant_id
        )
        accounts.update(active=F("active") - 1, used=F("used") - given_back)
        days = QuotaDay.objects.filter(account__in=accounts, day=_day(reserved.created_at))
        days.update(used=F("used") - given_back)
    return True


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
