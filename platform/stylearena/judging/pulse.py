"""The pulse of running work: heartbeats from a thread, and the end of an entry that must stop.

A thread of its own, so that a slow pair keeps its lease, the scoring never waits for the database,
and a wish to cancel does not wait for the pair that the entry is at. It notices, too, when the
process was not let run: the entry's time was not its own then.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self

from celery.worker import state as celery_state
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from evaluator.errors import ParticipantError, PlatformFault, RetryLater, StyleArenaError
from evaluator.sandbox.verdicts import LATE
from stylearena.judging.services import Beat

__all__ = ["CANCELLED", "Heartbeat", "Pulse", "worker_is_stopping"]

log = logging.getLogger(__name__)

CANCELLED = "judging.cancelled"
_LOST = "judging.lease_lost"
_STOPPING = "judging.worker_stopping"
_STALLED = "judging.stalled"
_LONGEST_PAUSE = 1.0  # progress is shown as it is written
_STALL = 3.0  # seconds from one wake-up to the next that only a stopped or starved process takes


class Heartbeat(Protocol):
    """Prolongs a lease, notes the pairs done, and brings back what the database says of it."""

    def __call__(self, *, done: int) -> Beat: ...


class Pulse:
    """Context manager that keeps a lease alive by ``heartbeat``.

    When the work must end, the guarded box is interrupted and ``beat`` raises RetryLater.
    """

    def __init__(self, heartbeat: Heartbeat) -> None:
        self._heartbeat = heartbeat
        self._done = 0
        self._last = Beat(alive=True, cancelled=False)
        self._interrupt: Callable[[], None] | None = None
        self._woke = time.monotonic()
        self._has_stalled = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        self._woke = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def guard(self, interrupt: Callable[[], None]) -> None:
        """Call ``interrupt`` from the pulse's thread once the work must end, until it has."""
        self._interrupt = interrupt

    def beat(self, done: int) -> None:
        """Note the pairs done. RetryLater: cancelled, lease lost, or the worker is to stop."""
        self._done = done
        if reason := self._reason():
            raise reason

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Around a run: an entry that we interrupted ended for our reason, not for its own.

        Nor is one too late that had to wait for a worker that stood still.
        """
        self._has_stalled = False
        try:
            yield
        except (ParticipantError, PlatformFault) as error:
            if reason := self._reason() or self._stall(error):
                raise reason from error
            raise
        finally:
            self._interrupt = None

    def _reason(self) -> RetryLater | None:
        if self._last.cancelled:
            return RetryLater(CANCELLED, "The submission was cancelled.")
        if not self._last.alive:
            return RetryLater(_LOST, "The lease was lost; another worker has the shard.")
        if worker_is_stopping():
            return RetryLater(_STOPPING, "The worker is shutting down; the shard is handed back.")
        return None

    def _stall(self, error: StyleArenaError) -> PlatformFault | None:
        """What a run that was late is told if this process stood still meanwhile, or does yet.

        A fault that is counted: a machine on which each try stalls must not try for ever.
        """
        stands_still = time.monotonic() - self._woke > _STALL  # the pulse may wake after us
        if error.code in LATE and (stands_still or self._has_stalled):
            return PlatformFault(_STALLED, "The worker stood still, so the entry's time is void.")
        return None

    def _wake(self) -> None:
        now = time.monotonic()
        if now - self._woke > _STALL:
            log.warning("The worker stood still for %.1f seconds", now - self._woke)
            self._has_stalled = True
        self._woke = now

    def _keep(self) -> None:
        pause = min(_LONGEST_PAUSE, settings.LEASE_SECONDS / 3)
        try:
            while not self._ended.wait(pause):
                self._wake()
                self._write()
                if self._reason() and (interrupt := self._interrupt):
                    interrupt()
        finally:
            connection.close()

    def _write(self) -> None:
        """One heartbeat; a database that is away for a moment does not cost the lease yet."""
        try:
            self._last = self._heartbeat(done=self._done)
        except DatabaseError as error:
            log.warning("A heartbeat was not written: %s", error)
            connection.close()


def worker_is_stopping() -> bool:
    """Whether Celery was told to end this worker."""
    orders = (celery_state.should_stop, celery_state.should_terminate)
    return any(order is not None for order in orders)
