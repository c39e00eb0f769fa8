"""What can happen to a platform, each as one function: wait for its moment, strike, repair.

``FAULTS`` holds them by kind. A fault whose moment does not come (no shard runs, say) is struck
anyway, at whatever moment it is.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.db.models.functions import Coalesce

from stylearena.judging.models import Evaluation, Shard
from stylearena.judging.models import Stage as JudgingStage
from stylearena.submissions.models import QuotaAccount, State, Submission
from tests.chaos.stage import Stage, Worker

__all__ = ["FAULTS", "available"]

_MOMENT = 8.0  # seconds that a fault waits for its moment
_MOMENT_OF_THE_LAST = 30.0  # and one that strikes who waits for all others
_AWAY = 1.0  # seconds that what was killed stays away


def worker_killed_in_a_smoke_run(stage: Stage) -> None:
    _kill_working(stage, "worker killed in a smoke run", JudgingStage.SMOKE)


def worker_killed_in_a_full_run(stage: Stage) -> None:
    _kill_working(stage, "worker killed in a full run", JudgingStage.FULL)


def worker_killed_at_a_conclusion(stage: Stage) -> None:
    """Whoever has just finished the last shard of a full run is the likeliest to conclude it."""
    stage.wait_if(_concluding().exists, _MOMENT)
    last = Shard.objects.filter(state=State.SCORED).order_by("-finished_at").first()
    holder = _holder(stage, last) if last else None
    _kill(stage, "worker killed at a conclusion", holder or stage.workers[0], last=None)


def worker_killed_in_a_rescore(stage: Stage) -> None:
    """Re-scores come last: its shard may have to wait for others again, which is no recovery."""
    rescore = stage.participants.rescore()
    runs = Shard.objects.filter(evaluation__rescore=rescore, state=State.RUNNING)
    stage.wait_if(runs.exists, _MOMENT_OF_THE_LAST)
    last = runs.first()
    holder = _holder(stage, last) if last else None
    _kill(stage, "worker killed in a re-score", holder or stage.workers[0])


def worker_killed_when_starting(stage: Stage) -> None:
    _kill(stage, "worker killed when starting", stage.workers[-1])


def worker_told_to_stop(stage: Stage) -> None:
    """SIGTERM: it hands its shard back and goes."""
    worker, shard = _working(stage, JudgingStage.FULL)
    worker.process.send_signal(signal.SIGTERM)
    if shard is not None:
        stage.recoveries.expect_shard("worker told to stop", shard)
    stage.wait("the worker has stopped", lambda: worker.process.poll() is not None)
    stage.replace(worker)


def worker_frozen_past_its_lease(stage: Stage) -> None:
    """It comes back with a token that is no longer good, and must change nothing."""
    worker, shard = _working(stage, JudgingStage.FULL)
    worker.process.send_signal(signal.SIGSTOP)
    if shard is not None:
        stage.recoveries.expect_shard("worker frozen past its lease", shard)
        taken = Shard.objects.filter(pk=shard.pk).exclude(token=shard.token, state=State.RUNNING)
        stage.wait_if(taken.exists, settings.LEASE_SECONDS + 8.0)
    worker.process.send_signal(signal.SIGCONT)


def worker_frozen_longer_than_a_pair_may_take(stage: Stage) -> None:
    """It mostly has its lease yet when it comes back, and must not blame the entry."""
    worker, _ = _working(stage, JudgingStage.FULL)
    worker.process.send_signal(signal.SIGSTOP)
    stage.wait_if(lambda: False, stage.participants.phase.pair_seconds + 0.3)
    worker.process.send_signal(signal.SIGCONT)


def sweeper_killed(stage: Stage) -> None:
    assert stage.sweeper is not None
    stage.arena.kill(stage.sweeper)
    stage.wait_if(lambda: False, _AWAY)
    stage.start_sweeper()
    stage.recoveries.expect_progress("sweeper killed")


def broker_killed_with_its_data(stage: Stage) -> None:
    _kill_broker(stage, keep=True)
    stage.recoveries.expect_progress("broker killed with its data")


def broker_killed_without_its_data(stage: Stage) -> None:
    _kill_broker(stage, keep=False)
    stage.recoveries.expect_progress("broker killed without its data")


def site_killed_between_upload_and_commit(stage: Stage) -> None:
    """A lock on the participant's account stops the hand-in after its upload, before its commit."""
    person = stage.participants.somebody()
    account, _ = QuotaAccount.objects.get_or_create(
        phase=stage.participants.phase, participant=person
    )
    before = Submission.objects.filter(participant=person).count()
    hand_in = threading.Thread(target=_and_close(stage.participants.hand_in))
    with transaction.atomic():
        QuotaAccount.objects.select_for_update().get(pk=account.pk)
        hand_in.start()
        stage.wait_if(_somebody_waits_for_a_lock, _MOMENT)
        stage.kill_site()
        hand_in.join()
    assert Submission.objects.filter(participant=person).count() == before, (
        "half a hand-in was kept"
    )
    stage.start_site()


def site_killed_while_handing_in(stage: Stage) -> None:
    """At any moment of a hand-in: whatever was promised before must be kept."""
    hand_in = threading.Thread(target=_and_close(stage.participants.hand_in))
    hand_in.start()
    time.sleep(0.05 + 0.02 * (len(stage.participants.promised) % 7))
    stage.kill_site()
    hand_in.join()
    stage.start_site()


def database_connections_cut(stage: Stage) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    stage.recoveries.expect_progress("database connections cut")


def database_crashed(stage: Stage) -> None:
    connection.close()
    stage.postgres.stop(signal.SIGQUIT)
    time.sleep(_AWAY)
    stage.postgres.start()
    stage.recoveries.expect_progress("database crashed")


def scratch_disk_full(stage: Stage) -> None:
    """The folder in which one worker unpacks entries and keeps results takes no more bytes."""
    worker, _ = _working(stage, JudgingStage.FULL)
    before = _faults()
    with _filled(worker.scratch):
        stage.wait_if(lambda: _faults() > before, _MOMENT)
    stage.recoveries.expect_progress("scratch disk full")


def somebody_cancels(stage: Stage) -> None:
    stage.participants.change_mind()


def _kill_working(stage: Stage, fault: str, in_stage: JudgingStage) -> None:
    worker, shard = _working(stage, in_stage)
    _kill(stage, fault, worker, last=shard)


def _kill(stage: Stage, fault: str, worker: Worker, last: Shard | None = None) -> None:
    stage.arena.kill(worker.process)
    if last is not None:
        stage.recoveries.expect_shard(fault, last)
    else:
        stage.recoveries.expect_progress(fault)
    stage.replace(worker)


def _working(stage: Stage, in_stage: JudgingStage) -> tuple[Worker, Shard | None]:
    """A worker in the middle of such a run, no re-score; any worker if there is none."""
    found: list[tuple[Worker, Shard]] = []

    def look() -> bool:
        handed_in = Evaluation.objects.filter(stage=in_stage, rescore=None)
        running = Shard.objects.filter(state=State.RUNNING, evaluation__in=handed_in)
        held = [(_holder(stage, shard), shard) for shard in running]
        found[:] = [(worker, shard) for worker, shard in held if worker is not None]
        return bool(found)

    stage.wait_if(look, _MOMENT)
    return found[0] if found else (stage.workers[0], None)


def _holder(stage: Stage, shard: Shard) -> Worker | None:
    """Leases call a worker by its host and process id."""
    of_process = {str(worker.pid): worker for worker in stage.workers}
    return of_process.get(shard.worker.rpartition("-")[2])


def _concluding() -> QuerySet[Evaluation]:
    unfinished = Shard.objects.filter(evaluation=OuterRef("pk")).exclude(state=State.SCORED)
    return Evaluation.objects.filter(
        ~Exists(unfinished), stage=JudgingStage.FULL, state=State.RUNNING
    )


def _kill_broker(stage: Stage, *, keep: bool) -> None:
    assert stage.redis is not None
    stage.arena.kill(stage.redis)
    if not keep:
        for file in (stage.folder / "redis").rglob("*.aof*"):
            file.unlink()
    stage.wait_if(lambda: False, _AWAY)
    stage.redis = stage.arena.start_redis()


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])


def _faults() -> int:
    of = Coalesce(Sum("faults"), 0)
    shards, evaluations = (rows.objects.aggregate(n=of)["n"] for rows in (Shard, Evaluation))
    return int(shards + evaluations)


@contextmanager
def _filled(folder: Path) -> Iterator[None]:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 20))
        except OSError:  # full, as wanted
            pass
    try:
        yield
    finally:
        filler.unlink()


def _and_close(call: Callable[[], object]) -> Callable[[], None]:
    """For a thread: it has a database connection of its own, which must not stay open."""

    def run() -> None:
        try:
            call()
        finally:
            connection.close()

    return run


FAULTS: Mapping[str, Callable[[Stage], None]] = MappingProxyType(
    {
        fault.__name__.replace("_", " "): fault
        for fault in (
            worker_killed_in_a_full_run,
            broker_killed_with_its_data,
            worker_killed_in_a_smoke_run,
            site_killed_between_upload_and_commit,
            worker_killed_at_a_conclusion,
            database_connections_cut,
            worker_frozen_past_its_lease,
            worker_frozen_longer_than_a_pair_may_take,
            sweeper_killed,
            scratch_disk_full,
            broker_killed_without_its_data,
            worker_told_to_stop,
            somebody_cancels,
            database_crashed,
            site_killed_while_handing_in,
            worker_killed_when_starting,
            worker_killed_in_a_rescore,
        )
    }
)


def available() -> list[str]:
    """The faults that can be made here: a small file system of its own takes root."""
    return [name for name in FAULTS if os.getuid() == 0 or name != "scratch disk full"]
