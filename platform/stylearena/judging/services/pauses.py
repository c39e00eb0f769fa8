"""How long a lease holds, and how long work waits after a fault of ours before its next try."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

_LONGEST = 300.0


def lease_end() -> datetime:
    """When a lease taken or prolonged now runs out."""
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)


def pause_after(faults: int) -> float:
    """Seconds before the next try: none after no fault, then four times as long each time."""
    if faults < 1:
        return 0.0
    return float(min(settings.BACKOFF_SECONDS * 4.0 ** (faults - 1), _LONGEST))
