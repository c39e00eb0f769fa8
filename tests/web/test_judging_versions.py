"""After an upgrade of the workers: what an older version began is judged anew, nothing is mixed."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evaluator.version import __version__
from stylearena.judging import services, work
from stylearena.judging.models import Evaluation, Lane, Shard, Stage, Turn
from stylearena.submissions import services as submissions
from stylearena.submissions.models import State, Submission
from tests.web.factories import UserFactory
from tests.web.judging_rows import (
    WORKER,
    begun,
    claimed,
    evaluation_of,
    judged,
    lapse,
    ledger,
    shards_of,
    smoked,
)

OLDER, NEWER = "0.0.9", "99.10.0"


def begun_by(version: str, submission: Submission) -> Evaluation:
    """The full run as workers of another version left it."""
    Evaluation.objects.filter(submission=submission).update(evaluator_version=version)
    return evaluation_of(submission)


def half_judged(**options: object) -> tuple[Submission, Shard]:
    """A full run of two shards, one of which is scored, and that one."""
    submission = smoked(pairs=4, shard_pairs=2, **options)
    shard = shards_of(submission, Stage.FULL)[0]
    assert services.finish(claimed(shard), b"result", rung="bubblewrap", device="cpu")
    shard.refresh_from_db()
    return submission, shard


def next_full() -> services.Lease | None:
    return services.claim_next([Lane.FULL], worker=WORKER)


@pytest.mark.django_db(transaction=True)
def test_what_an_older_version_left_is_judged_anew_by_the_next_worker() -> None:
    submission, scored = half_judged()
    before = begun_by(OLDER, submission)
    lease = next_full()
    first, second = shards_of(submission, Stage.FULL)
    assert (lease.shard_id, lease.token) == (second.pk, 2)
    assert (first.state, second.state) == (State.QUEUED, State.RUNNING)
    assert (first.result.name, first.sandbox_rung, first.device) == ("", "", "")
    assert first.token == scored.token + 1
    assert not default_storage.exists(scored.result.name)
    evaluation = evaluation_of(submission)
    assert (evaluation.state, evaluation.evaluator_version) == (State.RUNNING, __version__)
    assert evaluation.deadline > before.deadline
    assert next_full().shard_id == first.pk


def test_what_an_older_version_still_runs_is_left_to_it(db: None) -> None:
    submission = smoked(pairs=4, shard_pairs=2)
    theirs = claimed(shards_of(submission, Stage.FULL)[0])
    begun_by(OLDER, submission)
    assert next_full() is None
    assert [shard.token for shard in shards_of(submission, Stage.FULL)] == [1, 0]
    assert services.finish(theirs, b"result")


def test_an_older_worker_that_comes_back_too_late_writes_nothing(db: None) -> None:
    submission = smoked(pairs=2, shard_pairs=2)
    (shard,) = shards_of(submission, Stage.FULL)
    theirs = claimed(shard)
    begun_by(OLDER, submission)
    lapse(shard)
    ours = services.claim(shard.pk, worker=WORKER)
    assert ours.token == theirs.token + 2
    assert not services.heartbeat(theirs, done=1).alive
    assert not services.finish(theirs, b"result")
    assert services.finish(ours, b"result")


@pytest.mark.parametrize("version", [NEWER, "built yesterday"])
def test_what_a_newer_version_began_is_left_alone_and_keeps_its_place(
    db: None, version: str
) -> None:
    submission, _ = half_judged()
    begun_by(version, submission)
    before = list(Shard.objects.order_by("pk").values()), list(Turn.objects.values("at"))
    assert next_full() is None
    assert before == (list(Shard.objects.order_by("pk").values()), list(Turn.objects.values("at")))
    assert evaluation_of(submission).evaluator_version == version


def test_what_others_must_finish_does_not_stand_before_what_we_can(db: None) -> None:
    person = UserFactory()
    theirs, _ = half_judged(participant=person)
    begun_by(NEWER, theirs)
    ours = smoked(participant=person, pairs=2, shard_pairs=2)
    other = smoked(pairs=2, shard_pairs=2)
    with CaptureQueriesContext(connection) as asked:
        assert next_full().submission_id == ours.pk
    assert len(asked) < 20  # it does not try again and again
    assert next_full().submission_id == other.pk


def test_a_run_that_was_only_queued_by_another_version_is_simply_begun(db: None) -> None:
    submission = begun()
    begun_by_other = Evaluation.objects.filter(submission=submission)
    begun_by_other.update(evaluator_version=OLDER)
    lease = services.claim_next([Lane.SMOKE], worker=WORKER)
    assert lease.token == 1
    assert begun_by_other.get().evaluator_version == __version__


def test_shards_that_an_older_version_scored_are_not_concluded_but_judged_anew(db: None) -> None:
    submission = judged(pairs=4, shard_pairs=2)
    evaluation = begun_by(OLDER, submission)
    work.conclude(evaluation.pk)
    assert {shard.state for shard in shards_of(submission, Stage.FULL)} == {State.QUEUED}
    evaluation.refresh_from_db()
    assert (evaluation.evaluator_version, evaluation.leased_until) == (__version__, None)
    assert next_full()


def test_a_conclusion_that_an_older_version_works_at_is_left_to_it(db: None) -> None:
    submission = judged(pairs=4)
    evaluation = begun_by(OLDER, submission)
    assert services.claim_conclusion(evaluation.pk)
    work.conclude(evaluation.pk)
    assert {shard.state for shard in shards_of(submission, Stage.FULL)} == {State.SCORED}


def test_a_conclusion_that_a_newer_version_must_make_is_not_held_up(db: None) -> None:
    submission = judged(pairs=4)
    evaluation = begun_by(NEWER, submission)
    work.conclude(evaluation.pk)
    evaluation.refresh_from_db()
    assert (evaluation.token, evaluation.faults, evaluation.leased_until) == (0, 0, None)
    assert evaluation.not_before <= timezone.now()
    assert {shard.state for shard in shards_of(submission, Stage.FULL)} == {State.SCORED}


def test_a_run_judged_anew_has_all_its_time(db: None) -> None:
    submission, _ = half_judged()
    begun_by(OLDER, submission)
    Evaluation.objects.update(deadline=timezone.now() + timedelta(seconds=1))
    assert next_full()
    assert services.sweep(timezone.now() + timedelta(hours=1)).overdue == 0


@pytest.mark.parametrize(("version", "settled"), [(OLDER, "refunded"), (__version__, "charged")])
def test_cancelling_what_waits_for_another_version_costs_nothing(
    db: None, version: str, settled: str
) -> None:
    submission, _ = half_judged()
    begun_by(version, submission)
    submission.refresh_from_db()
    submissions.cancel(submission, by=submission.participant)
    assert services.sweep().cancelled == 1
    assert ledger(submission) == {"reserved", settled}
