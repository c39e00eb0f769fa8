"""Whose turn it is: fair among participants, smoke runs apart, re-scores last, nobody twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stylearena.accounts.models import User
from stylearena.competitions.models import Phase
from stylearena.judging import services
from stylearena.judging.models import Lane, Shard, Stage, Turn
from stylearena.submissions import services as submissions
from stylearena.submissions.models import Submission
from tests.web.factories import UserFactory
from tests.web.judging_rows import begun, claimed, shards_of, smoked


def next_of(*lanes: Lane) -> services.Lease | None:
    return services.claim_next(lanes, worker="worker-1")


def served(count: int, *lanes: Lane) -> list[User]:
    """The participants of the next ``count`` claims, in their order."""
    leases = [next_of(*lanes) for _ in range(count)]
    found = Submission.objects.select_related("participant").in_bulk(
        [lease.submission_id for lease in leases if lease]
    )
    return [found[lease.submission_id].participant for lease in leases if lease]


def test_somebody_with_nothing_running_goes_before_a_hundred_shards_of_another(db: None) -> None:
    many, newcomer = UserFactory(), UserFactory()
    smoked(participant=many, pairs=20, shard_pairs=1)
    assert served(3, Lane.FULL) == [many] * 3
    smoked(participant=newcomer, pairs=2, shard_pairs=1)
    assert served(1, Lane.FULL) == [newcomer]


def test_among_busy_people_the_one_with_the_fewest_shards_running_is_next(db: None) -> None:
    first, second = UserFactory(), UserFactory()
    smoked(participant=first, pairs=9, shard_pairs=1)
    assert served(3, Lane.FULL) == [first] * 3
    smoked(participant=second, pairs=9, shard_pairs=1)
    assert served(3, Lane.FULL) == [second] * 3
    assert set(served(2, Lane.FULL)) == {first, second}


def test_among_equals_who_waited_longest_is_next_and_then_goes_to_the_end(db: None) -> None:
    people = [UserFactory() for _ in range(3)]
    for person in people:
        smoked(participant=person, pairs=4, shard_pairs=2)
    assert served(6, Lane.FULL) == people * 2


def test_a_participant_gains_nothing_by_handing_in_twice(db: None) -> None:
    greedy, modest = UserFactory(), UserFactory()
    for _ in range(2):
        smoked(participant=greedy, pairs=4, shard_pairs=2)
    smoked(participant=modest, pairs=4, shard_pairs=2)
    assert served(4, Lane.FULL).count(modest) == 2


def test_a_submissions_shards_are_served_in_their_order(db: None) -> None:
    smoked(pairs=6, shard_pairs=2)
    assert [next_of(Lane.FULL).first for _ in range(3)] == [0, 2, 4]
    assert next_of(Lane.FULL) is None


def test_smoke_runs_have_a_lane_of_their_own(db: None) -> None:
    smoked()
    waiting = begun()
    assert next_of(Lane.SMOKE).submission_id == waiting.pk
    assert next_of(Lane.SMOKE) is None


def test_rescores_come_last(db: None) -> None:
    rescored = smoked(pairs=2, shard_pairs=2)
    Shard.objects.filter(evaluation__submission=rescored).update(lane=Lane.RESCORE)
    Turn.objects.filter(lane=Lane.FULL).update(lane=Lane.RESCORE)
    fresh = smoked(pairs=2, shard_pairs=2)
    order = [next_of(Lane.FULL, Lane.RESCORE).submission_id for _ in range(2)]
    assert order == [fresh.pk, rescored.pk]


def test_a_shard_that_waits_after_a_fault_holds_nobody_up(db: None) -> None:
    faulty = smoked(pairs=2, shard_pairs=2)
    services.release(next_of(Lane.FULL), fault="sandbox.broken")
    behind = smoked(pairs=2, shard_pairs=2)
    assert next_of(Lane.FULL).submission_id == behind.pk
    assert next_of(Lane.FULL) is None
    moment = timezone.now() - timedelta(seconds=1)
    Shard.objects.filter(evaluation__submission=faulty).update(not_before=moment)
    Turn.objects.filter(lane=Lane.FULL).update(at=moment)
    assert next_of(Lane.FULL).submission_id == faulty.pk


def test_a_cancelled_submission_is_passed_over(db: None) -> None:
    unwanted = smoked(pairs=2, shard_pairs=2)
    unwanted.refresh_from_db()
    submissions.cancel(unwanted, by=unwanted.participant)
    wanted = smoked(pairs=2, shard_pairs=2)
    assert next_of(Lane.FULL).submission_id == wanted.pk
    assert next_of(Lane.FULL) is None


def test_what_a_participant_cancelled_does_not_stand_before_what_they_want(db: None) -> None:
    person = UserFactory()
    unwanted = smoked(participant=person, pairs=30, shard_pairs=1)
    wanted = smoked(participant=person, pairs=2, shard_pairs=2)
    Submission.objects.filter(pk=unwanted.pk).update(cancel_requested_at=timezone.now())
    with CaptureQueriesContext(connection) as asked:
        assert next_of(Lane.FULL).submission_id == wanted.pk
    assert len(asked) < 20  # it does not try them one by one
    assert next_of(Lane.FULL) is None
    assert not Turn.objects.filter(lane=Lane.FULL).exists()


def test_a_shard_handed_back_is_served_again(db: None) -> None:
    smoked(pairs=2, shard_pairs=2)
    lease = next_of(Lane.FULL)
    assert next_of(Lane.FULL) is None
    services.release(lease)
    assert next_of(Lane.FULL).token == lease.token + 1


SMALL, LARGE, ROOM = 1 << 30, 8 << 30, 2 << 30


def run_of(person: User, memory_bytes: int) -> Submission:
    """A full run of one shard, of an entry that may take so much memory."""
    submission = smoked(participant=person, pairs=2, shard_pairs=2)
    Phase.objects.filter(pk=submission.phase_id).update(memory_bytes=memory_bytes)
    return submission


def test_what_fits_a_gpu_but_must_wait_does_not_keep_it_from_the_work_of_others(db: None) -> None:
    first, second = UserFactory(), UserFactory()
    faulty, large = run_of(first, SMALL), run_of(first, LARGE)
    later = timezone.now() + timedelta(minutes=5)
    Shard.objects.filter(evaluation__submission=faulty).update(not_before=later)
    other, behind = run_of(second, SMALL), run_of(UserFactory(), LARGE)
    lease = services.claim_next([Lane.FULL], worker="gpu", room=ROOM)
    assert lease.submission_id == other.pk
    assert [next_of(Lane.FULL).submission_id for _ in range(2)] == [large.pk, behind.pk]


def test_work_that_nobody_wants_keeps_no_gpu_from_the_work_of_others(db: None) -> None:
    first = UserFactory()
    unwanted, large = run_of(first, SMALL), run_of(first, LARGE)
    Submission.objects.filter(pk=unwanted.pk).update(cancel_requested_at=timezone.now())
    place = Turn.objects.get(lane=Lane.FULL, participant=first).at
    other = run_of(UserFactory(), SMALL)
    lease = services.claim_next([Lane.FULL], worker="gpu", room=ROOM)
    assert lease.submission_id == other.pk
    assert Turn.objects.get(lane=Lane.FULL, participant=first).at == place
    assert next_of(Lane.FULL).submission_id == large.pk


def test_a_host_whose_clock_is_before_ours_sends_nobody_out_of_line(db: None) -> None:
    waiting = smoked(pairs=2, shard_pairs=2)
    Turn.objects.update(at=timezone.now() + timedelta(seconds=1))
    assert next_of(Lane.FULL).submission_id == waiting.pk


def test_nobody_stays_in_line_with_nothing_to_do(db: None) -> None:
    claimed(shards_of(begun(), Stage.SMOKE)[0])
    assert next_of(Lane.SMOKE) is None
    assert not Turn.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_out_every_shard_and_none_twice() -> None:
    for _ in range(3):
        smoked(pairs=4, shard_pairs=1)
    crowd = 6
    start = Barrier(crowd)

    def take_two(_: int) -> list[services.Lease | None]:
        try:
            start.wait()
            return [next_of(Lane.FULL) for _ in range(2)]
        finally:
            connection.close()

    with ThreadPoolExecutor(crowd) as pool:
        leases = [lease for pair in pool.map(take_two, range(crowd)) for lease in pair]
    assert len({lease.shard_id for lease in leases if lease}) == 12
