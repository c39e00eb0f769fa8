"""How many entries a participant may still hand in to a phase, counted from the ledger.

A line counts once it is reserved and until it is refunded: per UTC day, in total, and at once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q
from django.utils import timezone

from evaluator.errors import ParticipantError
from stylearena.accounts.models import User
from stylearena.competitions.models import Phase
from stylearena.submissions.models import ACTIVE_STATES, QuotaEntry, QuotaKind, Submission


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
    """Count the ledger; exact only while the participant's row is locked (see ``services``)."""
    midnight = (
        (now or timezone.now()).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    used = (
        QuotaEntry.objects.filter(kind=QuotaKind.RESERVED)
        .filter(submission__phase=phase, submission__participant=participant)
        .exclude(submission__ledger__kind=QuotaKind.REFUNDED)
        .aggregate(total=Count("id"), today=Count("id", filter=Q(created_at__gte=midnight)))
    )
    active = Submission.objects.filter(
        phase=phase, participant=participant, state__in=ACTIVE_STATES
    ).count()
    return Quota(
        left_today=max(0, phase.per_day - used["today"]),
        left_in_total=None if phase.in_total is None else max(0, phase.in_total - used["total"]),
        left_at_once=max(0, phase.at_once - active),
        resets_at=midnight + timedelta(days=1),
    )
