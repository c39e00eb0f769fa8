"""A worker killed with SIGKILL in the middle of a run costs time and nothing else."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from baselines.export import export_method
from baselines.registry import find
from tests.conftest import RecordFigure
from tests.e2e.arena import Arena

pytestmark = pytest.mark.chaos

_FULL = """
    SELECT COUNT(*) FROM judging_shard AS shard
    JOIN judging_evaluation AS evaluation ON evaluation.id = shard.evaluation_id
    WHERE evaluation.submission_id = ? AND evaluation.stage = 'full' AND shard.state = ?
"""

LEASE = 10
_RUNNING = "SELECT id, worker, token FROM judging_shard WHERE state = 'running'"
_TOKEN = "SELECT token FROM judging_shard WHERE id = ? AND state = 'running'"


def numbers(report: dict[str, Any]) -> dict[str, Any]:
    """All of a report that the entry, the dataset and the protocol decide."""
    pairs = [{**pair, "seconds": None} for pair in report["pairs"]]
    kept = ("overall", "refused", "styles", "replicates", "provenance")
    return {"pairs": pairs, **{name: report[name] for name in kept}}


def state(arena: Arena, submission: str) -> str:
    ((found,),) = arena.query("SELECT state FROM submissions_submission WHERE id = ?", submission)
    return str(found)


def shards(arena: Arena, submission: str, in_state: str) -> int:
    ((found,),) = arena.query(_FULL, submission, in_state)
    return int(found)


def ledger(arena: Arena, submission: str) -> set[str]:
    rows = arena.query(
        "SELECT kind FROM submissions_quotaentry WHERE submission_id = ?", submission
    )
    return {kind for (kind,) in rows}


def test_a_killed_or_stopped_worker_leaves_the_same_report(tmp_path: Path) -> None:
    archive = export_method(find("reinhard")[0], tmp_path)
    lively = {"STYLEARENA_LEASE_SECONDS": "2", "STYLEARENA_SWEEP_SECONDS": "1"}
    with Arena(tmp_path, **lively) as arena:
        arena.call("django", "migrate", "--verbosity=0")
        arena.start("sweeper")
        disturbed = arena.call("tests.e2e.hand_in", str(archive), "disturbed")

        first = arena.start("worker")
        arena.await_true(
            "in the middle of the full run",
            lambda: shards(arena, disturbed, "scored") and shards(arena, disturbed, "running"),
        )
        arena.kill(first, signal.SIGKILL)
        assert state(arena, disturbed) == "running"

        arena.start("worker")
        arena.await_true("scored", lambda: state(arena, disturbed) == "scored")
        calm = arena.call("tests.e2e.hand_in", str(archive), "calm")
        arena.await_true("scored", lambda: state(arena, calm) == "scored")

        ((faults,),) = arena.query("SELECT SUM(faults) FROM judging_shard")
        assert faults >= 1  # the kill was felt
        assert numbers(arena.report(disturbed)) == numbers(arena.report(calm))
        assert ledger(arena, disturbed) == ledger(arena, calm) == {"reserved", "charged"}


def test_a_killed_workers_shard_runs_again_within_its_lease_and_thirty_seconds(
    tmp_path: Path, record_figure: RecordFigure
) -> None:
    archive = export_method(find("reinhard")[0], tmp_path)
    with Arena(tmp_path, STYLEARENA_LEASE_SECONDS=str(LEASE)) as arena:  # the usual sweeps
        arena.call("django", "migrate", "--verbosity=0")
        arena.start("sweeper")
        workers = {process.pid: process for process in (arena.start("worker") for _ in range(2))}
        submission = arena.call("tests.e2e.hand_in", str(archive), "patient")
        arena.await_true("in the full run", lambda: shards(arena, submission, "running"))
        shard, worker, token = arena.query(_RUNNING)[0]
        arena.kill(workers[int(worker.rpartition("-")[2])], signal.SIGKILL)
        killed = time.monotonic()
        arena.await_true(
            "run again", lambda: arena.query(_TOKEN, shard) > [(token,)], seconds=LEASE + 60
        )
        seconds = time.monotonic() - killed
        record_figure("killed-worker.shard-runs-again-after", seconds, "s")
        assert seconds <= LEASE + 30
        arena.await_true("scored", lambda: state(arena, submission) == "scored")


def test_a_worker_that_is_told_to_stop_hands_its_shard_back(tmp_path: Path) -> None:
    archive = export_method(find("reinhard")[0], tmp_path)
    with Arena(tmp_path, STYLEARENA_SWEEP_SECONDS="1") as arena:
        arena.call("django", "migrate", "--verbosity=0")
        submission = arena.call("tests.e2e.hand_in", str(archive), "patient")
        worker = arena.start("worker")
        arena.await_true("in the full run", lambda: shards(arena, submission, "running"))
        arena.kill(worker, signal.SIGTERM)
        assert shards(arena, submission, "running") == 0
        assert state(arena, submission) in {"running", "scored"}
