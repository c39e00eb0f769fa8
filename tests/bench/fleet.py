"""A fleet that is simulated: 32 workers whose model sleeps, and 10,000 queued shards on PostgreSQL.

Everything but the sleep is real: turns, claims, heartbeats and finishes of judging's own services,
and a queue of hints as a broker hands them out. A claim's time is that of all its queries. One
thread a worker, each with its own connection.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from tests.bench.figures import Figure
from tests.bench.grown import quantile, site_on_postgres

_WORKERS = 32
_SHARDS_EACH = 100  # of a submission


@dataclass(slots=True)
class _Log:
    """What one worker measured: seconds asleep, and of database time in each claim."""

    asleep: float = 0.0
    claims: list[float] = field(default_factory=list)


def measure(*, quick: bool) -> Iterator[Figure]:
    shards, nap = (2_000, 0.5) if quick else (10_000, 1.0)
    with site_on_postgres(STYLEARENA_LOG_LEVEL="ERROR"):
        queue = _queued(shards)
        seconds, logs = _run(queue, nap)
        _require_all_scored(shards)
    claims = [claim for log in logs for claim in log.claims]
    busy = sum(log.asleep for log in logs) / (seconds * _WORKERS)
    yield Figure.of("fleet.workers", "workers", [_WORKERS])
    yield Figure.of("fleet.shards", "shards", [shards])
    yield Figure.of("fleet.busy", "%", [busy * 100])
    yield Figure("fleet.claim.median", quantile(claims, 0.5) * 1e3, "ms", ())
    yield Figure("fleet.claim.p99", quantile(claims, 0.99) * 1e3, "ms", ())


def _queued(count: int) -> "SimpleQueue[int]":
    """Full runs of many participants, begun as the smoke run's end begins them."""
    from stylearena.celery import app
    from stylearena.judging.models import Shard, Stage
    from tests.web.judging_rows import smoked

    app.send_task = lambda *_, **__: None  # the queue below is the broker
    pairs = _SHARDS_EACH * 4
    for _ in range(count // _SHARDS_EACH):
        smoked(pairs=pairs, shard_pairs=4)
    queue: SimpleQueue[int] = SimpleQueue()
    full = Shard.objects.filter(evaluation__stage=Stage.FULL)
    for pk in full.values_list("pk", flat=True).order_by("index", "evaluation"):
        queue.put(pk)
    assert queue.qsize() == count
    return queue


def _run(queue: "SimpleQueue[int]", nap: float) -> tuple[float, list[_Log]]:
    """The wall seconds until the queue is empty and everybody is done."""
    logs = [_Log() for _ in range(_WORKERS)]
    workers = [
        threading.Thread(target=_work, args=(f"worker-{number}", queue, nap, log))
        for number, log in enumerate(logs)
    ]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begin, logs


def _work(name: str, queue: "SimpleQueue[int]", nap: float, log: _Log) -> None:
    from django.db import connection

    from stylearena.judging import services
    from stylearena.judging.models import Lane

    spent: list[float] = []
    with connection.execute_wrapper(_timing(spent)):
        while True:
            try:
                hint = queue.get_nowait()
            except Empty:
                break
            spent.clear()
            lease = services.claim_next((Lane.FULL,), worker=name)
            if lease is None:  # somebody else was faster, and there is more
                queue.put(hint)
                continue
            log.claims.append(sum(spent))
            begin = time.perf_counter()
            time.sleep(nap * (0.75 + lease.shard_id % 97 / 192))  # no two workers keep step
            log.asleep += time.perf_counter() - begin
            services.heartbeat(lease, done=2)
            assert services.finish(lease)
    connection.close()


def _timing(spent: list[float]) -> Callable[..., Any]:
    """An execute wrapper that notes the seconds of each query."""

    def wrapper(execute: Callable[..., Any], *arguments: Any) -> Any:
        begin = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            spent.append(time.perf_counter() - begin)

    return wrapper


def _require_all_scored(count: int) -> None:
    from stylearena.judging.models import Shard, Stage
    from stylearena.submissions.models import State

    full = Shard.objects.filter(evaluation__stage=Stage.FULL, state=State.SCORED)
    assert full.count() == count
