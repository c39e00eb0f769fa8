"""The state machine and the ledger under any order of events, and under claims at the same moment.

On SQLite, and on PostgreSQL where STYLEARENA_DATABASE_URL names one.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from evaluator.errors import ParticipantError
from stylearena.accounts.models import User
from stylearena.competitions.models import Phase
from stylearena.judging import services
from stylearena.judging.models import Evaluation, Lane, Shard, Stage
from stylearena.submissions import quota
from stylearena.submissions import services as submissions
from stylearena.submissions.models import (
    ACTIVE_STATES,
    QuotaAccount,
    QuotaDay,
    QuotaEntry,
    QuotaKind,
    State,
    Submission,
)
from tests.web.factories import DatasetFactory, PhaseFactory, SubmissionFactory, UserFactory
from tests.web.judging_rows import report

pytestmark = pytest.mark.timeout(600)

LANES = (Lane.SMOKE, Lane.FULL)
PER_DAY, IN_TOTAL, AT_ONCE = 3, 4, 2
ANY_PACE = {"deadline": None, "suppress_health_check": list(HealthCheck)}
CALM = settings(max_examples=15, stateful_step_count=25, **ANY_PACE)
FEW = settings(max_examples=5, **ANY_PACE)


class Judging(RuleBasedStateMachine):
    """Two participants hand in and cancel, workers claim, finish, fail, freeze and come back."""

    def __init__(self) -> None:
        super().__init__()
        self._undone = transaction.atomic()
        self._undone.__enter__()
        self.phase: Phase = PhaseFactory(
            dataset=DatasetFactory(pairs=3),
            shard_pairs=2,
            per_day=PER_DAY,
            in_total=IN_TOTAL,
            at_once=AT_ONCE,
        )
        self.people: list[User] = [UserFactory(), UserFactory()]
        self.leases: list[services.Lease] = []
        self.conclusions: list[services.ConclusionLease] = []
        self.finished: dict[int, int] = {}
        self.published: dict[int, int] = {}
        self.verdicts: dict[object, str] = {}

    def teardown(self) -> None:
        """Nothing of an example is left for the next."""
        transaction.set_rollback(True)
        self._undone.__exit__(None, None, None)

    @rule(who=st.integers(0, 1))
    def hand_in(self, who: int) -> None:
        submission = SubmissionFactory.build(phase=self.phase, participant=self.people[who])
        if reserved(submission):
            services.begin(submission.pk)

    @rule(lane=st.sampled_from(LANES))
    def claim(self, lane: Lane) -> None:
        lease = services.claim_next([lane], worker=f"worker-{len(self.leases)}")
        self.leases += [lease] if lease else []

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        done = services.finish(lease, b"" if lease.stage == Stage.SMOKE else b"result")
        self.finished[lease.shard_id] = self.finished.get(lease.shard_id, 0) + done

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), fault=st.sampled_from(["", "sandbox.broken"]))
    def release(self, data: st.DataObject, fault: str) -> None:
        services.release(data.draw(st.sampled_from(self.leases)), fault=fault)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        services.fail(data.draw(st.sampled_from(self.leases)), "entry.crashed", "It crashed.")

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        if services.heartbeat(lease, done=1).cancelled:
            services.cancel(lease)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        found = list(Submission.objects.select_related("participant", "phase__competition"))
        if found:
            submission = data.draw(st.sampled_from(found))
            submissions.cancel(submission, by=submission.participant)

    @rule()
    def let_leases_run_out(self) -> None:
        past = timezone.now() - timedelta(seconds=1)
        for rows in (Shard.objects, Evaluation.objects):
            rows.filter(leased_until__isnull=False).update(leased_until=past)

    @rule()
    def let_pauses_pass(self) -> None:
        past = timezone.now() - timedelta(seconds=1)
        Shard.objects.update(not_before=past)
        Evaluation.objects.update(not_before=past)

    @rule()
    def sweep(self) -> None:
        services.sweep()

    @rule()
    def begin_a_conclusion(self) -> None:
        for pk in Evaluation.objects.filter(state=State.RUNNING).values_list("pk", flat=True):
            lease = services.claim_conclusion(pk)
            self.conclusions += [lease] if lease else []

    @precondition(lambda self: self.conclusions)
    @rule(data=st.data())
    def conclude(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.conclusions))
        done = services.conclude(lease, report())
        pk = lease.evaluation_id
        self.published[pk] = self.published.get(pk, 0) + done

    @invariant()
    def nothing_is_finished_or_published_twice(self) -> None:
        assert all(count <= 1 for count in self.finished.values())
        assert all(count <= 1 for count in self.published.values())

    @invariant()
    def a_verdict_never_changes(self) -> None:
        for pk, state in Submission.objects.values_list("pk", "state"):
            if pk in self.verdicts:
                assert self.verdicts[pk] == state
            elif state not in ACTIVE_STATES:
                self.verdicts[pk] = state

    @invariant()
    def who_is_judged_has_a_run_with_a_deadline(self) -> None:
        ended = Evaluation.objects.filter(state__in=ACTIVE_STATES)
        assert all(run.deadline > timezone.now() for run in ended)
        running = Shard.objects.filter(state=State.RUNNING)
        assert not running.filter(leased_until__isnull=True).exists()

    @invariant()
    def the_ledger_adds_up(self) -> None:
        assert_ledger_adds_up()

    @invariant()
    def each_end_has_its_price(self) -> None:
        for submission in Submission.objects.prefetch_related("ledger"):
            kinds = {line.kind for line in submission.ledger.all()}
            assert len(kinds) == (1 if submission.is_active else 2)
            if submission.state == State.SCORED:
                assert QuotaKind.CHARGED in kinds
            if submission.state == State.ERROR:
                assert QuotaKind.REFUNDED in kinds


def assert_ledger_adds_up() -> None:
    """The accounts are the sums of their lines, and no limit is passed."""
    kinds = QuotaEntry.objects.order_by()
    reserved = kinds.filter(kind=QuotaKind.RESERVED).count()
    refunded = kinds.filter(kind=QuotaKind.REFUNDED).count()
    charged = kinds.filter(kind=QuotaKind.CHARGED).count()
    sums = QuotaAccount.objects.aggregate(used=Sum("used"), active=Sum("active"))
    today = QuotaDay.objects.aggregate(used=Sum("used"))["used"]
    assert (sums["used"] or 0) == (today or 0) == reserved - refunded
    assert (sums["active"] or 0) == reserved - refunded - charged
    for account in QuotaAccount.objects.prefetch_related("days"):
        assert account.used <= IN_TOTAL
        assert account.active <= AT_ONCE
        assert all(day.used <= PER_DAY for day in account.days.all())


def test_the_state_machine_holds_under_any_order_of_events(db: None) -> None:
    run_state_machine_as_test(Judging, settings=CALM)


def reserved(submission: Submission) -> bool:
    """Save an unsaved submission and its reservation as intake does; False without room."""
    phase, person = submission.phase, submission.participant
    try:
        with transaction.atomic():
            quota.hold(phase, person)
            quota.count(phase, person).require_room()
            submission.save(force_insert=True)
            quota.reserve(submission)
    except ParticipantError:
        return False
    return True


def at_once(count: int, act: object) -> list[object]:
    """What ``act(number)`` gives in that many threads that start together."""
    start = Barrier(count)

    def run(number: int) -> object:
        try:
            start.wait()
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
@FEW
@given(workers=st.integers(2, 6), shards=st.integers(1, 5), people=st.integers(1, 3))
def test_no_shard_is_leased_twice_and_none_is_left(workers: int, shards: int, people: int) -> None:
    phase = PhaseFactory(dataset=DatasetFactory(pairs=shards), shard_pairs=1)
    for _ in range(people):
        submission = SubmissionFactory(phase=phase)
        quota.reserve(submission)
        services.begin(submission.pk)
        smoke = services.claim_next([Lane.SMOKE], worker="worker-0")
        assert smoke
        assert services.finish(smoke)

    def work(number: int) -> list[int]:
        taken = []
        while lease := services.claim_next([Lane.FULL], worker=f"worker-{number}"):
            taken.append(lease.shard_id)
            assert services.finish(lease, b"result")
        return taken

    taken = [pk for part in at_once(workers, work) for pk in part]
    assert len(taken) == len(set(taken)) == shards * people


@pytest.mark.django_db(transaction=True)
@FEW
@given(uploads=st.integers(2, 8), limit=st.integers(1, 4))
def test_reservations_at_once_never_overshoot(uploads: int, limit: int) -> None:
    phase = PhaseFactory(per_day=limit, in_total=limit, at_once=limit)
    person = UserFactory()
    waiting = [SubmissionFactory.build(phase=phase, participant=person) for _ in range(uploads)]
    found = at_once(uploads, lambda number: reserved(waiting[number]))
    assert sum(found) == min(limit, uploads)
    account = QuotaAccount.objects.get(phase=phase)
    assert (account.used, account.active) == (min(limit, uploads),) * 2


@pytest.mark.django_db(transaction=True)
@FEW
@given(rivals=st.integers(2, 6), refunds=st.integers(0, 6))
def test_a_reservation_is_settled_once_by_whoever_comes_first(rivals: int, refunds: int) -> None:
    submission = SubmissionFactory()
    quota.reserve(submission)

    def settle(number: int) -> bool:
        do = quota.refund if number < refunds else quota.charge
        return do(submission.pk, "test.settled")

    assert sum(at_once(rivals, settle)) == 1
    account = QuotaAccount.objects.get(phase=submission.phase)
    refunded = submission.ledger.filter(kind=QuotaKind.REFUNDED).exists()
    assert (account.active, account.used) == (0, 0 if refunded else 1)
