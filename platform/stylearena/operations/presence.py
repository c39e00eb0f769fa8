"""A worker's sign of life: a row that a thread renews, so that idle workers are seen too.

Operators look at it and nothing else does: judging goes by leases alone.
"""

import logging
import threading
from datetime import timedelta

from django.db import DatabaseError, connection
from django.utils import timezone

from evaluator.version import __version__ as evaluator_version
from stylearena.judging.devices import this_device
from stylearena.judging.devices import worker_name as name_of_this_worker
from stylearena.operations.models import WorkerProcess

__all__ = ["GONE_AFTER", "announce", "on_worker_ready", "on_worker_shutdown", "withdraw"]

log = logging.getLogger(__name__)

_EVERY_SECONDS = 5.0
GONE_AFTER = timedelta(seconds=6 * _EVERY_SECONDS)
_FORGOTTEN_AFTER = timedelta(days=1)
_stopping = threading.Event()


def on_worker_ready(**_: object) -> None:
    """Celery's signal: from now on, tell every few seconds."""
    threading.Thread(target=_keep_telling, name="presence", daemon=True).start()


def on_worker_shutdown(**_: object) -> None:
    """Celery's signal: a worker that goes in order leaves no row behind."""
    _stopping.set()
    try:
        withdraw()
    except DatabaseError as error:
        log.warning("The end of this worker could not be told: %s", error)


def announce() -> None:
    """Write or renew the row of this process, and forget those long gone."""
    device = this_device()
    now = timezone.now()
    facts = {
        "device": device.name,
        "device_title": device.title,
        "device_bytes": device.memory_bytes,
        "evaluator_version": evaluator_version,
        "seen_at": now,
    }
    WorkerProcess.objects.update_or_create(name=name_of_this_worker(), defaults=facts)
    WorkerProcess.objects.filter(seen_at__lt=now - _FORGOTTEN_AFTER).delete()


def withdraw() -> None:
    """Take the row of this process away."""
    WorkerProcess.objects.filter(name=name_of_this_worker()).delete()


def _keep_telling() -> None:
    try:
        while True:
            _tell()
            if _stopping.wait(_EVERY_SECONDS):
                return
    finally:
        connection.close()


def _tell() -> None:
    try:
        announce()
    except DatabaseError as error:
        log.warning("This worker's presence could not be told: %s", error)
        connection.close()
