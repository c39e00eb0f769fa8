"""``manage.py status``: queues, workers, leases, ages and failures, in a terminal or as JSON."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.table import Table

from stylearena.operations.queries import HeldLease, Status, Worker, status
from stylearena.operations.spans import in_words

_NAMES = 12  # characters of an id that tell it apart


class Command(BaseCommand):
    help = "Show queues, workers, leases, ages and failures."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="all of it, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        now = status()
        if options["json"]:
            self.stdout.write(json.dumps(asdict(now), default=str, indent=2))
            return
        console = Console(file=self.stdout, highlight=False)  # type: ignore[arg-type]
        for part in _parts(now):
            console.print(part)


def _parts(now: Status) -> Iterator[Table | str]:
    yield f"Submissions, {now.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    yield _table(["state", "count"], [[s, str(n)] for s, n in now.submissions.items()])
    yield f"Oldest without a verdict: {in_words(now.oldest_submission_seconds)}"
    told = "the broker does not answer" if now.messages is None else f"{now.messages} messages"
    yield f"\nQueues ({told})"
    yield _table(
        ["lane", "shards", "pairs", "first waits"],
        [[q.lane, str(q.shards), str(q.pairs), in_words(q.oldest_seconds)] for q in now.queues],
    )
    yield "\nWorkers"
    columns = ["worker", "device", "memory", "up", "heard of", "judges"]
    yield _table(columns, [_worker(worker) for worker in now.workers])
    yield f"\nLeases (faults of ours on unfinished shards: {now.faults})"
    columns = ["shard", "submission", "stage", "worker", "pairs", "runs", "lease left", "faults"]
    yield _table(columns, [_lease(lease) for lease in now.leases])
    yield "\nFailures of the last 24 hours"
    yield _table(
        ["state", "code", "count"], [[f.state, f.code, str(f.count)] for f in now.failures]
    )


def _worker(worker: Worker) -> list[str]:
    memory = f"{worker.device_bytes / (1 << 30):.0f} GiB" if worker.device_bytes else ""
    heard = in_words(worker.silent_seconds) + (" ago" if worker.alive else " ago: gone")
    shard = f"shard {worker.lease.shard}" if worker.lease else "nothing"
    up = in_words(worker.up_seconds)
    return [worker.name, f"{worker.device} {worker.device_title}", memory, up, heard, shard]


def _lease(lease: HeldLease) -> list[str]:
    return [
        str(lease.shard),
        lease.submission[:_NAMES],
        lease.stage,
        lease.worker,
        f"{lease.done}/{lease.pairs}",
        in_words(lease.running_seconds),
        in_words(lease.seconds_left),
        str(lease.faults),
    ]


def _table(columns: list[str], rows: list[list[str]]) -> Table:
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    return table
