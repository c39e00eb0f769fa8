"""What a worker writes: one verdict for whatever happens, and a report from real shards.

The entry and the scorer are real; the database is the test's. What is run for real is committed:
its heartbeats come over a connection of their own, which sees no open transaction.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import psutil
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from evaluator.datasets import load_dataset
from evaluator.errors import PlatformFault, RetryLater
from stylearena.celery import app as celery_app
from stylearena.competitions.models import Visibility
from stylearena.judging import context, gallery, pulse, services, work
from stylearena.judging.devices import Device
from stylearena.judging.models import Evaluation, Lane, Shard, Stage
from stylearena.submissions.models import State
from stylearena.submissions.services import cancel
from tests.web.factories import PhaseFactory, write_dataset
from tests.web.handing_in import IDENTITY, hand_in, judge_all
from tests.web.judging_rows import begun, claimed, evaluation_of, shards_of, smoked

BROKEN = """
def load(device):
    print("about to fail")
    raise RuntimeError("no weights")
"""


def code_of_stop(beating: pulse.Pulse, *, done: int) -> str:
    """Why the pulse stops the run; fails if it does not within some seconds."""
    for _ in range(100):
        try:
            beating.beat(done)
        except RetryLater as stop:
            return stop.code
        time.sleep(0.05)
    pytest.fail("the run was not stopped")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_real_entry_goes_from_intake_to_the_board(tmp_path: Path, settings: Settings) -> None:
    options = {"shard_pairs": 4, "visibility": Visibility.OPEN}
    submission = hand_in(tmp_path, settings, IDENTITY, **options)
    judge_all(submission, Stage.SMOKE)
    assert "loaded on cpu" in evaluation_of(submission, Stage.SMOKE).log
    judge_all(submission, Stage.FULL)
    full = evaluation_of(submission)
    work.conclude(full.pk)
    full.refresh_from_db()
    assert full.state == State.SCORED
    assert full.scores.get(metric="content_loss").value == 0.0
    assert {picture.pair for picture in full.gallery.all()} <= {
        pair.id for pair in load_dataset(Path(settings.DATASETS_DIR) / "tiny").pairs
    }
    assert full.gallery.count() == 6
    assert full.log == ""


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_does_not_start_fails_its_smoke_run_with_its_log(
    tmp_path: Path, settings: Settings
) -> None:
    submission = hand_in(tmp_path, settings, BROKEN)
    judge_all(submission, Stage.SMOKE)
    submission.refresh_from_db()
    assert (submission.state, submission.reason_code) == (State.FAILED, "entry.start_failed")
    assert "about to fail" in evaluation_of(submission, Stage.SMOKE).log


@pytest.mark.django_db(transaction=True)
def test_a_worker_with_another_protocol_gives_the_shard_back_and_fetches_nothing(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_opened", lambda _: pytest.fail("it was fetched"))
    submission = hand_in(tmp_path, settings, IDENTITY, protocol_digest="0" * 64)
    judge_all(submission, Stage.SMOKE)
    (shard,) = shards_of(submission, Stage.SMOKE)
    assert (shard.state, shard.faults) == (State.QUEUED, 1)


def test_an_unexpected_error_is_a_fault_of_ours_and_is_raised(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(work, "_run", explode)
    (shard,) = shards_of(begun(), Stage.SMOKE)
    with pytest.raises(ZeroDivisionError):
        work.judge(Lane.SMOKE)
    shard.refresh_from_db()
    assert (shard.state, shard.faults) == (State.QUEUED, 1)


def test_a_shard_that_somebody_else_has_is_left_alone(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shard,) = shards_of(begun(), Stage.SMOKE)
    claimed(shard)
    monkeypatch.setattr(work, "_run", lambda *_: pytest.fail("it was run twice"))
    assert not work.judge(Lane.SMOKE)


def test_an_unreadable_result_is_a_fault_of_ours(db: None) -> None:
    submission = smoked(pairs=4)
    (shard,) = shards_of(submission, Stage.FULL)
    services.finish(claimed(shard), b"not an archive")
    work.conclude(evaluation_of(submission).pk)
    assert evaluation_of(submission).faults == 1
    assert evaluation_of(submission).state == State.RUNNING


@pytest.mark.django_db(transaction=True)
def test_the_pulse_prolongs_the_lease_and_stops_a_cancelled_run(settings: Settings) -> None:
    settings.LEASE_SECONDS = 1
    submission = smoked()
    lease = claimed(shards_of(submission, Stage.FULL)[0])
    submission.refresh_from_db()
    with pulse.Pulse(partial(services.heartbeat, lease)) as beating:
        beating.beat(1)
        cancel(submission, by=submission.participant)
        assert code_of_stop(beating, done=2) == pulse.CANCELLED
    assert shards_of(submission, Stage.FULL)[0].done == 2


@pytest.mark.django_db(transaction=True)
def test_the_lease_is_kept_while_a_worker_loads_what_it_needs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download of weights may outlast a lease."""
    settings.LEASE_SECONDS = 1
    (shard,) = shards_of(begun(), Stage.SMOKE)
    held: list[bool] = []

    def slow_load(dataset: object) -> object:
        time.sleep(1.6)
        held.append(Shard.objects.filter(pk=shard.pk, leased_until__gte=timezone.now()).exists())
        raise RetryLater("judging.worker_stopping", "enough seen")

    monkeypatch.setattr(work, "load", slow_load)
    monkeypatch.setattr(work, "_opened", lambda _evaluation: nullcontext())
    work.judge(Lane.SMOKE)
    assert held == [True]


@pytest.mark.django_db(transaction=True)
def test_the_pulse_stops_a_run_whose_lease_was_lost(settings: Settings) -> None:
    settings.LEASE_SECONDS = 1
    submission = smoked()
    lease = claimed(shards_of(submission, Stage.FULL)[0])
    with pulse.Pulse(partial(services.heartbeat, lease)) as beating:
        services.release(lease)
        assert code_of_stop(beating, done=1) == "judging.lease_lost"


def test_the_gallery_shows_a_few_different_contents_of_every_style(tmp_path: Path) -> None:
    dataset = load_dataset(write_dataset(tmp_path / "tiny", contents=6, styles=3))
    chosen = gallery.choose(dataset)
    pairs = [pair for pair in dataset.pairs if pair.id in chosen]
    assert len(pairs) == 9
    assert {pair.style for pair in pairs} == {pair.style for pair in dataset.pairs}
    assert len({pair.content for pair in pairs}) > 3
    assert chosen == gallery.choose(dataset)


def test_a_worker_without_confinement_does_not_start_in_production(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stylearena.judging import confinement

    def refuse() -> None:
        raise PlatformFault("sandbox.unavailable", "Entries cannot be confined here.")

    settings.REQUIRE_CONFINEMENT = True
    monkeypatch.setattr("evaluator.sandbox.rungs.require_confinement", refuse)
    with pytest.raises(SystemExit, match="Entries cannot be confined here"):
        confinement.on_worker_init()


def test_a_worker_whose_onnxruntime_knows_no_gpu_does_not_start_for_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime knows GPUs")
    from stylearena.judging import confinement

    settings.REQUIRE_CONFINEMENT = False
    gpu = Device("cuda:0", "GPU", 80 << 30)
    monkeypatch.setattr(confinement, "this_device", lambda: gpu)
    with pytest.raises(SystemExit, match="install onnxruntime-gpu"):
        confinement.on_worker_init()


def test_every_page_says_that_the_sandbox_is_weak(client: Client, db: None) -> None:
    context.keep_notice("WEAK SANDBOX: mind what you judge.")
    assert "WEAK SANDBOX: mind what you judge." in client.get("/").content.decode()
    context.keep_notice("")
    assert "SANDBOX" not in client.get("/").content.decode()


def test_every_page_can_say_that_the_sandbox_is_weak(rf: object) -> None:
    context.keep_notice("WEAK SANDBOX: mind what you judge.")
    assert str(context.sandbox_notice(rf.get("/"))["sandbox_notice"]).startswith("WEAK SANDBOX")
    context.keep_notice("")
    assert not context.sandbox_notice(rf.get("/"))["sandbox_notice"]


SLEEPING = """
import time

def load(device):
    def stylize(content, style):
        time.sleep(600)
        return content
    return stylize
"""


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_entry_and_all_its_processes_are_gone_within_ten_seconds(
    tmp_path: Path, settings: Settings
) -> None:
    submission = hand_in(tmp_path, settings, SLEEPING, pair_seconds=500, wall_seconds=900)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(judge_in_thread)
        box = await_box(before)
        submission.refresh_from_db()
        wished = time.monotonic()
        assert cancel(submission, by=submission.participant)
        run.result(timeout=30)
    _, alive = psutil.wait_procs(box, timeout=max(0.0, wished + 10 - time.monotonic()))
    assert not alive
    assert time.monotonic() - wished < 10
    submission.refresh_from_db()
    assert (submission.state, submission.reason_code) == (State.CANCELLED, "submission.cancelled")


def judge_in_thread() -> None:
    try:
        work.judge(Lane.SMOKE)
    finally:
        connection.close()


def await_box(before: set[int]) -> list[psutil.Process]:
    """The processes of a box that has started the entry; fails if there is none in a minute."""
    for _ in range(600):
        found = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
        if len(found) >= 2:
            time.sleep(1.0)  # it sleeps in its first pair by now, or is about to
            return psutil.Process().children(recursive=True)
        time.sleep(0.1)
    pytest.fail("the entry never started")


def test_a_message_is_acknowledged_only_after_its_work_and_one_at_a_time() -> None:
    from stylearena.judging import tasks as judging_tasks

    conf = celery_app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.broker_transport_options["visibility_timeout"] >= 3600
    named = ("begin", "judge_smoke", "judge_shard", "conclude")
    tasks = [getattr(judging_tasks, name) for name in named]
    assert all(task.acks_late and task.reject_on_worker_lost for task in tasks)


def test_work_begun_by_a_newer_version_is_left_to_it_without_a_fault(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = begun()
    running = {"state": State.RUNNING, "evaluator_version": "99.0.0"}
    Evaluation.objects.filter(submission=submission).update(**running)
    monkeypatch.setattr(work, "_opened", lambda _: pytest.fail("it was fetched"))
    assert not work.judge(Lane.SMOKE)
    (shard,) = shards_of(submission, Stage.SMOKE)
    assert (shard.state, shard.faults, shard.token) == (State.QUEUED, 0, 0)
    assert shard.not_before <= timezone.now()


def test_a_competition_says_what_entries_run_on(client: Client, db: None) -> None:
    page = f"/competitions/{PhaseFactory().competition.slug}/"
    assert "may import no others" not in client.get(page).content.decode()
    context.keep_runtime({"Python": "3.11.7", "torch": "2.15.0", "scipy": ""})
    said = " ".join(client.get(page).content.decode().split())
    assert "may import no others: Python 3.11.7, torch 2.15.0" in said
    assert "scipy" not in said
