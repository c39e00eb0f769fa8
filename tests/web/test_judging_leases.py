"""A shard is written by the holder of its current token, by nobody else, and once."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from pytest_django import Settings

from stylearena.judging import services
from stylearena.judging.models import Shard, Stage
from stylearena.submissions import services as submissions
from stylearena.submissions.models import State, Submission
from tests.web.judging_rows import (
    begun,
    claimed,
    evaluation_of,
    lapse,
    ledger,
    shards_of,
    smoked,
)


def test_a_claim_raises_the_token_and_starts_the_submission(db: None) -> None:
    submission = begun()
    lease = claimed(shards_of(submission, Stage.SMOKE)[0])
    submission.refresh_from_db()
    assert (lease.token, lease.first, lease.stop) == (1, 0, 2)
    assert submission.state == State.RUNNING
    assert evaluation_of(submission, Stage.SMOKE).state == State.RUNNING


def test_a_leased_shard_cannot_be_claimed_again(db: None) -> None:
    shard = shards_of(begun(), Stage.SMOKE)[0]
    claimed(shard)
    assert services.claim(shard.pk, worker="worker-2") is None


def test_a_shard_that_does_not_exist_cannot_be_claimed(db: None) -> None:
    assert services.claim(404, worker="worker-1") is None


def test_a_lapsed_lease_can_be_claimed_and_counts_a_fault(db: None) -> None:
    shard = shards_of(begun(), Stage.SMOKE)[0]
    claimed(shard)
    lapse(shard)
    assert claimed(shard).token == 2
    shard.refresh_from_db()
    assert shard.faults == 1


def test_a_shard_is_not_claimed_after_its_participant_cancelled(db: None) -> None:
    submission = smoked()
    shard = shards_of(submission, Stage.FULL)[0]
    submissions.cancel(Submission.objects.get(pk=submission.pk), by=submission.participant)
    assert services.claim(shard.pk, worker="worker-1") is None


def test_a_worker_that_lost_its_lease_changes_nothing(db: None) -> None:
    shard = shards_of(smoked(), Stage.FULL)[0]
    frozen = claimed(shard)
    lapse(shard)
    current = claimed(shard)
    assert not services.heartbeat(frozen, done=3).alive
    assert not services.finish(frozen, b"late")
    assert not services.fail(frozen, "entry.crashed", "It crashed.")
    assert not services.release(frozen, fault="late")
    assert services.heartbeat(current, done=1).alive
    assert services.finish(current, b"right")
    shard.refresh_from_db()
    with shard.result.open() as result:
        assert result.read() == b"right"


def test_a_refused_result_leaves_no_file(db: None) -> None:
    shard = shards_of(smoked(), Stage.FULL)[0]
    frozen = claimed(shard)
    lapse(shard)
    claimed(shard)
    services.finish(frozen, b"late")
    assert default_storage.listdir(f"shards/{shard.evaluation_id}")[1] == []


def test_a_heartbeat_prolongs_the_lease_and_notes_the_pairs_done(db: None) -> None:
    shard = shards_of(smoked(), Stage.FULL)[0]
    lease = claimed(shard)
    shard.refresh_from_db()
    before = shard.leased_until
    assert services.heartbeat(lease, done=3) == services.Beat(alive=True, cancelled=False)
    shard.refresh_from_db()
    assert shard.done == 3
    assert shard.leased_until > before


def test_a_heartbeat_brings_the_wish_to_cancel(db: None) -> None:
    submission = smoked()
    lease = claimed(shards_of(submission, Stage.FULL)[0])
    submission.refresh_from_db()
    submissions.cancel(submission, by=submission.participant)
    assert services.heartbeat(lease, done=1) == services.Beat(alive=True, cancelled=True)
    assert services.cancel(lease)
    submission.refresh_from_db()
    assert submission.state == State.CANCELLED


def test_a_released_shard_is_queued_again_without_a_fault(db: None) -> None:
    shard = shards_of(smoked(), Stage.FULL)[0]
    assert services.release(claimed(shard))
    shard.refresh_from_db()
    assert (shard.state, shard.faults, shard.leased_until) == (State.QUEUED, 0, None)


def test_a_shard_that_met_a_fault_of_ours_waits_longer_each_time(db: None) -> None:
    shard = shards_of(smoked(), Stage.FULL)[0]
    pauses = []
    for _ in range(3):
        services.release(claimed(shard), fault="sandbox.broken")
        assert services.claim(shard.pk, worker="worker-2") is None
        shard.refresh_from_db()
        pauses.append((shard.not_before - shard.queued_at).total_seconds())
        Shard.objects.filter(pk=shard.pk).update(not_before=shard.queued_at)
    assert pauses == [2, 8, 32]


def test_faults_of_ours_are_tried_again_and_then_refunded(db: None, settings: Settings) -> None:
    settings.MAX_FAULTS, settings.BACKOFF_SECONDS = 2, 0.0
    submission = smoked()
    shard = shards_of(submission, Stage.FULL)[0]
    for _ in range(3):
        assert services.release(claimed(shard), fault="sandbox.broken")
    submission.refresh_from_db()
    assert (submission.state, submission.reason_code) == (State.ERROR, "platform.faults")
    assert ledger(submission) == {"reserved", "refunded"}
    assert services.claim(shard.pk, worker="worker-1") is None


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_exactly_one_wins() -> None:
    shard = shards_of(begun(), Stage.SMOKE)[0]
    crowd = 8
    start = Barrier(crowd)

    def claim(number: int) -> services.Lease | None:
        try:
            start.wait()
            return services.claim(shard.pk, worker=f"worker-{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(crowd) as pool:
        leases = list(pool.map(claim, range(crowd)))
    assert sum(lease is not None for lease in leases) == 1
    shard.refresh_from_db()
    assert shard.token == 1


ACTS = ("claim", "claim", "lapse", "beat", "finish", "release", "fault", "sweep")


@pytest.mark.parametrize("seed", range(20))
def test_no_order_of_events_lets_two_leases_finish_one_shard(db: None, seed: int) -> None:
    events = random.Random(seed)
    shard = shards_of(smoked(shard_pairs=6), Stage.FULL)[0]
    leases: list[services.Lease] = []
    finished = 0
    for act in events.choices(ACTS, k=12):
        if act == "claim":
            leases += filter(None, [services.claim(shard.pk, worker=f"worker-{len(leases)}")])
        elif act == "lapse":
            lapse(shard)
        elif act == "sweep":
            services.sweep()
        elif leases:
            finished += _act(act, events.choice(leases))
    shard.refresh_from_db()
    assert [lease.token for lease in leases] == list(range(1, len(leases) + 1))
    assert finished == (shard.state == State.SCORED)


def _act(act: str, lease: services.Lease) -> int:
    """Let the holder of ``lease``, current or not, do something; 1 if it finished the shard."""
    if act == "finish":
        return int(services.finish(lease, b"result"))
    if act == "beat":
        services.heartbeat(lease, done=1)
    else:
        services.release(lease, fault="sandbox.broken" if act == "fault" else "")
    return 0


def test_each_shard_keeps_where_it_ran(db: None) -> None:
    """Of a mixed fleet the last shard does not speak for the others."""
    first, second = shards_of(smoked(pairs=4, shard_pairs=2), Stage.FULL)
    services.finish(claimed(first), b"result", rung="unshare", device="cuda:0")
    services.finish(claimed(second), b"result", rung="bubblewrap", device="cpu")
    found = Shard.objects.filter(evaluation=first.evaluation_id).order_by("index")
    assert [(s.sandbox_rung, s.device) for s in found] == [
        ("unshare", "cuda:0"),
        ("bubblewrap", "cpu"),
    ]
