"""The pulse of a running shard: heartbeats from a thread, orders to stop at the next pair.

A thread of its own, so that a slow pair keeps its lease and the scoring never waits for the
database.
"""

import logging
import threading
from types import TracebackType
from typing import Self

from celery.worker import state as celery_state
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from evaluator.errors import RetryLater
from stylearena.judging import services
from stylearena.judging.services import Beat, Lease

__all__ = ["CANCELLED", "Pulse"]

log = logging.getLogger(__name__)

CANCELLED = "judging.cancelled"
_LOST = "judging.lease_lost"
_STOPPING = "judging.worker_stopping"
_LONGEST_PAUSE = 1.0  # progress is shown as it is written


class Pulse:
    """Context manager that keeps ``lease`` alive; ``beat`` raises RetryLater when it must end."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._done = 0
        self._last = Beat(alive=True, cancelled=False)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="pulse", daemon=True)

    def __enter__(self) -> Self:
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

    def beat(self, done: int) -> None:
        """Note the pairs done. RetryLater: cancelled, lease lost, or the worker is to stop."""
        self._done = done
        if self._last.cancelled:
            raise RetryLater(CANCELLED, "The submission was cancelled by its participant.")
        if not self._last.alive:
            raise RetryLater(_LOST, "The lease was lost; another worker has the shard.")
        if celery_state.should_stop is not None or celery_state.should_terminate is not None:
            raise RetryLater(_STOPPING, "The worker is shutting down; the shard is handed back.")

    def _keep(self) -> None:
        pause = min(_LONGEST_PAUSE, settings.LEASE_SECONDS / 3)
        try:
            while not self._ended.wait(pause):
                self._write()
        finally:
            connection.close()

    def _write(self) -> None:
        """One heartbeat; a database that is away for a moment does not cost the lease yet."""
        try:
            self._last = services.heartbeat(self._lease, done=self._done)
        except DatabaseError as error:
            log.warning("No heartbeat for shard %s: %s", self._lease.shard_id, error)
            connection.close()
