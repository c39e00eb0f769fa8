"""How long it takes until what a fault has struck goes on.

For a worker: until its shard runs again under another lease, or has its verdict. For the rest:
until the next shard is finished once the part is back.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils import timezone

from stylearena.judging.models import Shard
from stylearena.submissions.models import State

__all__ = ["Recoveries"]


@dataclass(slots=True)
class _Struck:
    fault: str
    since: float
    is_back: Callable[[], bool]


@dataclass(slots=True)
class Recoveries:
    """Faults whose consequences are still felt, and the seconds that the others took."""

    seconds: list[tuple[str, float]] = field(default_factory=list)
    _open: list[_Struck] = field(default_factory=list)

    def expect_shard(self, fault: str, shard: Shard) -> None:
        """``shard`` was in the hands of a worker that is now gone."""
        struck = Shard.objects.filter(pk=shard.pk)
        ours = struck.filter(token=shard.token, state__in=(State.RUNNING, State.QUEUED))
        self._open.append(_Struck(fault, time.monotonic(), lambda: not ours.exists()))

    def expect_progress(self, fault: str) -> None:
        """Everything stood still until now."""
        finished = Shard.objects.filter(finished_at__gt=timezone.now())
        self._open.append(_Struck(fault, time.monotonic(), finished.exists))

    def look(self) -> None:
        """Close those that are over."""
        for struck in [struck for struck in self._open if struck.is_back()]:
            self.seconds.append((struck.fault, time.monotonic() - struck.since))
            self._open.remove(struck)

    @property
    def pending(self) -> int:
        return len(self._open)

    @property
    def slowest(self) -> tuple[str, float]:
        return max(self.seconds, key=lambda found: found[1], default=("none", 0.0))
