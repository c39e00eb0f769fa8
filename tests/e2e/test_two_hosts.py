"""Two worker hosts share one PostgreSQL, Redis and object store, and nothing else.

Each host is a network namespace with data folders of its own. One is unplugged in the middle of a
shard: that costs time, and nothing else.
"""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.arena import Arena
from tests.e2e.hosts import Host, network
from tests.object_store import Bucket, object_store
from tests.postgres import Postgres, programs
from tests.web.factories import identity_model, write_dataset

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
_ENTRIES = 2
_RUNNING = """
    SELECT shard.worker, shard.token, shard.id FROM judging_shard AS shard
    JOIN judging_evaluation AS evaluation ON evaluation.id = shard.evaluation_id
    WHERE shard.state = 'running' AND evaluation.stage = 'full'
"""


class Hosts:
    """The shared services and a worker on each host; the test looks into the database."""

    def __init__(self, arena: Arena, postgres: Postgres, bucket: Bucket, hosts: list[Host]) -> None:
        self.arena, self.postgres, self.bucket, self.hosts = arena, postgres, bucket, hosts
        self.workers: dict[str, Host] = {}  # by the process id in the name of its leases

    def start_worker(self, host: Host) -> None:
        home = self.arena.folder / host.name
        shutil.copytree(self.arena.folder / "datasets", home / "datasets")
        own = {
            "STYLEARENA_DATA_DIR": str(home),
            "STYLEARENA_DATASETS_DIR": str(home / "datasets"),
            "STYLEARENA_CACHE_DIR": str(home / "cache"),
        }
        command = [*host.command, sys.executable, "-m", "django", "worker"]
        process = self.arena.spawn(host.name, command, variables=own)
        self.workers[str(process.pid)] = host

    def hand_in(self, archive: Path, number: int) -> str:
        dataset = self.arena.folder / "datasets" / "tiny"
        options = ["--dataset", str(dataset), "--shard-pairs", "4"]
        return self.arena.call("tests.e2e.hand_in", str(archive), f"painter-{number}", *options)

    def query(self, sql: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.postgres.url) as database:
            return database.execute(sql, values).fetchall()

    def cut_one_off(self) -> tuple[Host, str, int, int]:
        """Unplug a host in the middle of a full run's shard: host, worker, token and shard.

        A shard can end between the look and the cut; then the host is plugged in again, and the
        next shard is awaited.
        """
        while True:
            worker, token, shard = self.arena.await_true(
                "in the middle of a full run", lambda: self.query(_RUNNING), seconds=200
            )[0]
            host = self.workers[worker.rpartition("-")[2]]
            host.unplug()
            time.sleep(0.2)  # what was under way when the wire went down has arrived by then
            if (worker, token, shard) in self.query(_RUNNING):
                return host, worker, token, shard
            host.plug_in()

    def unfinished(self) -> int:
        sql = "SELECT count(*) FROM submissions_submission WHERE state IN ('queued', 'running')"
        return int(self.query(sql)[0][0])

    def numbers(self, submission: str) -> dict[str, Any]:
        """What of the report follows from entry, dataset and protocol."""
        sql = "SELECT report FROM judging_evaluation WHERE submission_id = %s AND is_promoted"
        ((key,),) = self.query(sql, submission)
        found = self.bucket.client().get_object(Bucket=self.bucket.name, Key=key)
        report = json.loads(found["Body"].read())
        return {name: report[name] for name in ("overall", "refused", "replicates", "provenance")}


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    if programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with (
        network(2) as (address, namespaces),
        Postgres(host=address) as postgres,
        object_store(address) as bucket,
    ):
        settings = {
            "STYLEARENA_DATABASE_URL": postgres.url,
            "STYLEARENA_LEASE_SECONDS": "5",
            "STYLEARENA_SWEEP_SECONDS": "1",
            "STYLEARENA_DATASETS_DIR": str(tmp_path / "datasets"),
            **bucket.variables,
        }
        write_dataset(tmp_path / "datasets" / "tiny", contents=4, styles=4)
        with Arena(tmp_path, host=address, **settings) as arena:
            arena.call("django", "migrate", "--verbosity=0")
            arena.start("sweeper")
            yield Hosts(arena, postgres, bucket, namespaces)


def test_two_hosts_judge_together_and_cutting_one_off_costs_time_only(
    hosts: Hosts, tmp_path: Path
) -> None:
    archive = tmp_path / "identity.onnx"
    archive.write_bytes(identity_model())
    for host in hosts.hosts:
        hosts.start_worker(host)
    entries = [hosts.hand_in(archive, number) for number in range(_ENTRIES)]
    wait = hosts.arena.await_true
    wait("judged together", lambda: not hosts.unfinished(), seconds=400)
    assert len(hosts.query("SELECT DISTINCT worker FROM judging_shard")) == 2

    entries += [hosts.hand_in(archive, _ENTRIES + number) for number in range(_ENTRIES)]
    cut_off, worker, token, shard = hosts.cut_one_off()
    wait("judged by the host that is left", lambda: not hosts.unfinished(), seconds=400)
    cut_off.plug_in()

    states = hosts.query("SELECT DISTINCT state FROM submissions_submission")
    assert states == [("scored",)]
    ((last_worker, last_token),) = hosts.query(
        "SELECT worker, token FROM judging_shard WHERE id = %s", shard
    )
    assert last_worker != worker
    assert last_token > token
    reports = [hosts.numbers(entry) for entry in entries]
    assert all(report == reports[0] for report in reports)
    lines = hosts.query(
        "SELECT kind, count(*) FROM submissions_quotaentry GROUP BY kind ORDER BY kind"
    )
    assert lines == [("charged", 2 * _ENTRIES), ("reserved", 2 * _ENTRIES)]

    entries.append(hosts.hand_in(archive, 2 * _ENTRIES))
    wait("judged after all", lambda: not hosts.unfinished(), seconds=400)
    assert hosts.numbers(entries[-1]) == reports[0]
