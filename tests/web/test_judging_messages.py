"""Messages are hints: one that is lost or used up in vain costs time only, and little of it.

The broker is a real one, or the address of one that is away.
"""

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from celery.worker import state as celery_state
from django.utils import timezone
from pytest_django import Settings

from stylearena.celery import app as celery_app
from stylearena.demo.processes import Supervisor
from stylearena.demo.redis_server import RedisServer
from stylearena.judging import messages, services, tasks, work
from stylearena.judging.models import Lane, Shard
from stylearena.submissions.models import State
from tests.web.judging_rows import WORKER, begun, smoked, submitted

SHARDS = 40
FEW = 3
LATER = timedelta(minutes=2)


@pytest.fixture
def no_broker(settings: Settings) -> Iterator[str]:
    """The address of a broker at a port where nobody listens; the platform believes in it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{free.getsockname()[1]}/0"
    yield from _broker_at(url, settings)


@pytest.fixture
def broker(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """A real Redis of our own."""
    server = RedisServer(tmp_path / "redis")
    with Supervisor(tmp_path) as supervisor:
        supervisor.keep("redis", server.command, {}, stdin=server.settings)
        server.await_ready()
        yield from _broker_at(server.url, settings)


def _broker_at(url: str, settings: Settings) -> Iterator[str]:
    before = celery_app.conf.broker_url
    settings.REDIS_URL = url
    _lead_celery_to(url)
    yield url
    _lead_celery_to(before)


def _lead_celery_to(url: str) -> None:
    """The connections of before are dropped."""
    celery_app.conf.broker_url = url
    celery_app._pool = celery_app.amqp._producer_pool = None


def queued(shards: int) -> None:
    """A full run whose hints never arrived."""
    smoked(pairs=shards, shard_pairs=1)
    Shard.objects.filter(state=State.QUEUED).update(queued_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_sweep_does_not_wait_for_a_broker_that_is_away(no_broker: str) -> None:
    queued(SHARDS)
    start = time.monotonic()
    assert services.sweep(timezone.now() + LATER).resent == 0
    assert time.monotonic() - start < 5


def test_what_was_not_sent_is_sent_by_the_first_sweep_that_reaches_the_broker(
    db: None, broker: str, settings: Settings
) -> None:
    queued(SHARDS)
    there, away = settings.REDIS_URL, "redis://127.0.0.1:1/0"
    settings.REDIS_URL = away
    assert services.sweep(timezone.now() + LATER).resent == 0
    settings.REDIS_URL = there
    assert services.sweep(timezone.now() + LATER).resent == SHARDS
    assert messages.waiting(messages.JUDGING_QUEUE) == SHARDS


def test_sending_again_ends_at_the_first_message_that_the_broker_does_not_take(
    db: None, no_broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answered when it was asked, and is gone when it is told."""
    monkeypatch.setattr(messages, "waiting", lambda queue: 0)
    queued(SHARDS)
    before = set(Shard.objects.values_list("queued_at", flat=True))
    start = time.monotonic()
    assert services.sweep(timezone.now() + LATER).resent == 0
    assert time.monotonic() - start < 5
    assert set(Shard.objects.values_list("queued_at", flat=True)) == before


@pytest.mark.django_db(transaction=True)
def test_cutting_a_run_into_many_shards_does_not_wait_for_a_broker_that_is_away(
    no_broker: str,
) -> None:
    submission = submitted(pairs=SHARDS, shard_pairs=1)
    start = time.monotonic()
    services.begin(submission.pk)
    lease = services.claim_next([Lane.SMOKE], worker=WORKER)
    assert services.finish(lease)
    assert time.monotonic() - start < 5
    assert Shard.objects.filter(lane=Lane.FULL, state=State.QUEUED).count() == SHARDS


@pytest.mark.django_db(transaction=True)
def test_a_message_is_tried_once_since_the_sweep_is_the_retry(no_broker: str) -> None:
    assert not messages.judge_now(1, Lane.FULL)  # what is imported at the first one is here now
    messages._left_alone.clear()
    start = time.monotonic()
    assert not messages.judge_now(1, Lane.FULL)
    assert time.monotonic() - start < 0.5


@pytest.fixture
def quick_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards that need no entry and no scorer."""
    monkeypatch.setattr(work, "_run", lambda lease, _: services.finish(lease, b"result"))


def scored() -> int:
    return Shard.objects.filter(lane=Lane.FULL, state=State.SCORED).count()


def test_a_worker_goes_on_without_hints_for_what_others_used_up(
    db: None, broker: str, quick_work: None
) -> None:
    queued(FEW)
    tasks.judge_shard(0)
    assert scored() == FEW


def test_a_worker_goes_on_while_the_broker_is_away(
    db: None, no_broker: str, quick_work: None
) -> None:
    queued(FEW)
    tasks.judge_shard(0)
    assert scored() == FEW


def test_a_worker_that_was_busy_takes_smoke_runs_first(
    db: None, broker: str, quick_work: None
) -> None:
    queued(FEW)
    newcomer = begun()
    tasks.judge_shard(0)
    smoke = Shard.objects.get(lane=Lane.SMOKE, participant=newcomer.participant)
    assert smoke.state == State.SCORED
    assert Shard.objects.filter(lane=Lane.FULL, finished_at__lt=smoke.finished_at).count() == 1


def test_a_worker_looks_at_the_broker_between_shards_where_messages_wait(
    db: None, broker: str, quick_work: None
) -> None:
    queued(FEW)
    assert messages.conclude_now(0)
    tasks.judge_shard(0)
    assert scored() == 1


def test_a_worker_that_is_to_stop_takes_nothing_more(
    db: None, broker: str, quick_work: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(celery_state, "should_stop", 0)
    queued(FEW)
    tasks.judge_shard(0)
    assert scored() == 1


def test_a_worker_is_back_at_the_broker_after_a_while(
    db: None, broker: str, quick_work: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_IN_A_ROW", 2)
    queued(FEW)
    tasks.judge_shard(0)
    assert scored() == 2
