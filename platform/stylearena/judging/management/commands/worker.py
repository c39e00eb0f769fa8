"""``manage.py worker``: a judging worker, one job at a time, smoke runs first.

One process, because one job fills the machine and the scorer stays warm in it; more workers on
more machines are more of these commands.
"""

import os
import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from stylearena.celery import app
from stylearena.judging import messages


class Command(BaseCommand):
    help = "Judge submissions until told to stop (SIGTERM hands the current shard back)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = f"{socket.gethostname()}-{os.getpid()}"
        parser.add_argument("--name", default=default, help="how leases call this worker")
        parser.add_argument("--loglevel", default="INFO")

    def handle(self, *args: Any, **options: Any) -> None:
        # The judge shares its cores with the entry's box: threads that spin while they wait take
        # the box's time (3.5 times the processor time was seen). Read when torch is loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        # A worker looks at the queues in their order, so that a smoke run waits for one job only.
        app.conf.broker_transport_options = {
            **settings.CELERY_BROKER_TRANSPORT_OPTIONS,
            "queue_order_strategy": "priority",
            "socket_timeout": 20,  # nobody waits for its answer, as for a page
        }
        app.worker_main(_arguments(options["name"], options["loglevel"]))


def _arguments(name: str, level: str) -> list[str]:
    return [
        "worker",
        "--pool=solo",
        "--concurrency=1",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        f"--queues={','.join(messages.QUEUES)}",
        f"--hostname={name}",
        f"--loglevel={level}",
    ]
