"""One worker of the simulated fleet: ``python -m tests.bench.fleet_worker NAME NAP SECONDS``.

Says "ready" once the site is loaded, starts at the line it is sent, and prints what it measured as
JSON. Its model sleeps; turns, claims, heartbeats and finishes are judging's own services.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any


def main(name: str, nap: float, seconds: float) -> None:
    # The database goes first, as it would on a machine of its own.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    import django

    django.setup()
    from django.db import connection

    from stylearena.celery import app

    app.send_task = lambda *_, **__: None  # nobody listens: each worker looks for itself
    with connection.cursor() as cursor:  # the server's own log has what each query took there
        cursor.execute("SET log_min_duration_statement = 0")
    print("ready", flush=True)
    sys.stdin.readline()
    time.sleep(random.random() * nap)  # as a fleet that has run for a while: not all at once
    spent: list[float] = []
    with connection.execute_wrapper(_timing(spent)):
        print(json.dumps(_work(name, nap, seconds, spent)), flush=True)


def _work(name: str, nap: float, seconds: float, spent: list[float]) -> dict[str, Any]:
    """Claims of ``seconds`` and the work they brought: database seconds of each, and the times."""
    from stylearena.judging import services
    from stylearena.judging.models import Lane

    begin, asleep, claims = time.perf_counter(), 0.0, []
    while time.perf_counter() - begin < seconds:
        spent.clear()
        lease = services.claim_next((Lane.FULL,), worker=name)
        assert lease is not None, "the queue is not to run dry"
        claims.append(sum(spent))
        start = time.perf_counter()
        time.sleep(nap * (0.75 + lease.shard_id % 97 / 192))  # no two workers keep step
        asleep += time.perf_counter() - start
        services.heartbeat(lease, done=2)
        assert services.finish(lease)
    return {"seconds": time.perf_counter() - begin, "asleep": asleep, "claims": claims}


def _timing(spent: list[float]) -> Callable[..., Any]:
    """An execute wrapper that notes the seconds of each query."""

    def wrapper(execute: Callable[..., Any], *arguments: Any) -> Any:
        begin = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            spent.append(time.perf_counter() - begin)

    return wrapper


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
