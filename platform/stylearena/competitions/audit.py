"""The log of what organisers did: written in the transaction of the act, and never changed.

Read by the organisers of the competition and by operators.
"""

from django.db.models import QuerySet

from stylearena.accounts.models import User
from stylearena.competitions.models import AuditEntry, Competition

__all__ = ["log_of", "record"]


def record(
    competition: Competition, *, by: User, act: str, subject: str, detail: str = ""
) -> AuditEntry:
    """Note that ``by`` did ``act`` (a dotted code) to ``subject``, with reason or change."""
    return AuditEntry.objects.create(
        competition=competition, by=by, act=act, subject=subject[:300], detail=detail
    )


def log_of(competition: Competition) -> QuerySet[AuditEntry]:
    """Everything done to the competition, newest first."""
    return AuditEntry.objects.filter(competition=competition).select_related("by")
