"""A fleet that is simulated: 32 workers whose model sleeps, and 10,000 queued shards on PostgreSQL.

Everything but the sleep is real: processes, connections, turns, claims, heartbeats and finishes of
judging's own services. A shard sleeps five seconds: real ones take ten and more, so that real
workers ask half as often. The time of a claim's queries is what the server logs of each; that of
a claim is what its worker waits for all of them, with the other workers on the same processors.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure
from tests.bench.grown import quantile, site_on_postgres

_WORKERS = 32
_SHARDS = 10_000
_SHARDS_EACH = 100  # of a submission
_NAP = 5.0
# A turn looked for or taken, a participant's next shard, its evaluation locked, and its lease.
_CLAIMING = re.compile(
    r"duration: ([\d.]+) ms  statement: "
    r'(?:[^\n]*"judging_turn"'
    r'|SELECT "judging_shard"[^\n]*LIMIT 1\n'
    r'|SELECT "judging_evaluation"[^\n]*FOR UPDATE OF'
    r"""|UPDATE "judging_shard" SET "state" = 'running')"""
)


def measure(*, quick: bool) -> Iterator[Figure]:
    seconds = 30.0 if quick else 180.0
    with site_on_postgres(STYLEARENA_LOG_LEVEL="ERROR") as (_, postgres):
        _queue()
        logs = _run(seconds)
        queries = _claim_queries(postgres.log)
        _require_no_loss(sum(len(log["claims"]) for log in logs))
    claims = [claim for log in logs for claim in log["claims"]]
    busy = sum(log["asleep"] for log in logs) / sum(log["seconds"] for log in logs)
    yield Figure.of("fleet.workers", "workers", [_WORKERS])
    yield Figure.of("fleet.shards", "shards", [_SHARDS])
    yield Figure.of("fleet.busy", "%", [busy * 100])
    yield Figure.of("fleet.claims", "claims", [len(claims)])
    yield Figure.of("fleet.claim.queries", "a claim", [len(queries) / len(claims)])
    yield Figure("fleet.claim.query.median", quantile(queries, 0.5), "ms", ())
    yield Figure("fleet.claim.query.p99", quantile(queries, 0.99), "ms", ())
    yield Figure("fleet.claim.median", quantile(claims, 0.5) * 1e3, "ms", ())
    yield Figure("fleet.claim.p99", quantile(claims, 0.99) * 1e3, "ms", ())


def _queue() -> None:
    """Full runs of many participants, begun as the smoke run's end begins them."""
    from django.db import connection

    from stylearena.celery import app
    from stylearena.judging.models import Shard, Stage
    from tests.web.judging_rows import smoked

    app.send_task = lambda *_, **__: None
    for _ in range(_SHARDS // _SHARDS_EACH):
        smoked(pairs=_SHARDS_EACH * 4, shard_pairs=4)
    assert Shard.objects.filter(evaluation__stage=Stage.FULL).count() == _SHARDS
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does after a while


def _run(seconds: float) -> list[dict[str, Any]]:
    """What each worker measured."""
    command = [sys.executable, "-m", "tests.bench.fleet_worker"]
    workers = [
        subprocess.Popen(
            [*command, f"worker-{number}", str(_NAP), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(_WORKERS)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return [json.loads(worker.communicate()[0]) for worker in workers]


def _claim_queries(log: Path) -> list[float]:
    """Milliseconds, on the server, of every query that looks for work or takes it."""
    found = [float(line[1]) for line in _CLAIMING.finditer(log.read_text("utf-8"))]
    assert found, "the server logged nothing"
    return found


def _require_no_loss(claims: int) -> None:
    """What was claimed is scored, once, and the rest still waits."""
    from stylearena.judging.models import Shard, Stage
    from stylearena.submissions.models import State

    full = Shard.objects.filter(evaluation__stage=Stage.FULL)
    assert full.filter(state=State.SCORED, token=1).count() == claims
    assert full.filter(state=State.QUEUED, token=0).count() == _SHARDS - claims
