"""``manage.py sweeper``: every few seconds, find what was lost and end what takes too long."""

import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections

from stylearena.judging import services

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Re-queue lost work, enforce deadlines and refund our faults, every few seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then exit")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(str(services.sweep()))
            return
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        while not stopping.is_set():
            _round()
            stopping.wait(settings.SWEEP_SECONDS)


def _round() -> None:
    """One sweep; a database that is away for a moment is no reason to stop sweeping."""
    try:
        close_old_connections()
        found = services.sweep()
    except Error:
        log.exception("The sweep failed; the next one comes in %s s", settings.SWEEP_SECONDS)
        return
    if found:
        log.info("Swept: %s", found)
