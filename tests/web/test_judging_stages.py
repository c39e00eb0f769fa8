"""From the submission to the smoke run, the full run and the board, and what each end costs."""

import json
from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from pytest_django import Settings

from evaluator.version import __version__
from stylearena.competitions.models import Visibility
from stylearena.judging import services
from stylearena.judging.models import Evaluation, Stage
from stylearena.judging.services.verdicts import costs_quota
from stylearena.submissions import services as submissions
from stylearena.submissions.models import State, Submission
from tests.web.judging_rows import (
    begun,
    claimed,
    concluded,
    evaluation_of,
    judged,
    lapse,
    ledger,
    report,
    shards_of,
    smoked,
    submitted,
)


def test_beginning_queues_one_smoke_run_of_two_public_pairs(db: None) -> None:
    submission = begun()
    services.begin(submission.pk)
    evaluation = evaluation_of(submission, Stage.SMOKE)
    assert evaluation.dataset == submission.phase.smoke_dataset
    assert [(shard.first, shard.stop) for shard in evaluation.shards.all()] == [(0, 2)]
    assert submission.evaluations.count() == 1


def test_a_cancelled_submission_is_not_begun(db: None) -> None:
    submission = submitted()
    submissions.cancel(submission, by=submission.participant)
    services.begin(submission.pk)
    assert not submission.evaluations.exists()


def test_a_passed_smoke_run_keeps_its_log_and_queues_the_full_run_in_shards(db: None) -> None:
    submission = smoked(pairs=6, shard_pairs=4)
    smoke = evaluation_of(submission, Stage.SMOKE)
    full = evaluation_of(submission)
    assert (smoke.state, smoke.log) == (State.SCORED, "hello")
    assert (full.state, full.dataset) == (State.QUEUED, submission.phase.dataset)
    assert [(shard.first, shard.stop) for shard in full.shards.all()] == [(0, 4), (4, 6)]


def test_a_message_is_sent_for_each_shard_and_one_for_the_conclusion(
    db: None, django_capture_on_commit_callbacks: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "stylearena.judging.messages._send", lambda task, key, after: sent.append((task, key))
    )
    with django_capture_on_commit_callbacks(execute=True):
        submission = judged(shard_pairs=4)
    smoke, full = shards_of(submission, Stage.SMOKE), shards_of(submission, Stage.FULL)
    assert sent == [
        ("judging.judge_smoke", smoke[0].pk),
        *[("judging.judge_shard", shard.pk) for shard in full],
        ("judging.conclude", full[0].evaluation_id),
    ]


def test_a_lost_broker_loses_no_submission(
    db: None, django_capture_on_commit_callbacks: object, settings: object
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        submission = smoked()
    assert evaluation_of(submission).state == State.QUEUED


def test_a_failed_smoke_run_shows_the_sentence_and_the_log_and_costs_nothing(db: None) -> None:
    submission = begun()
    lease = claimed(shards_of(submission, Stage.SMOKE)[0])
    assert services.fail(lease, "entry.exception", "KeyError: 'w'", "Traceback …")
    submission.refresh_from_db()
    assert (submission.state, submission.reason) == (State.FAILED, "KeyError: 'w'")
    assert evaluation_of(submission, Stage.SMOKE).log == "Traceback …"
    assert ledger(submission) == {"reserved", "refunded"}


def test_a_failed_held_out_run_tells_a_closed_code_and_costs(db: None) -> None:
    submission = smoked(visibility=Visibility.SCORES)
    lease = claimed(shards_of(submission, Stage.FULL)[0])
    assert services.fail(lease, "entry.exception", "ValueError: 0x1234", "pixels: 1 2 3")
    submission.refresh_from_db()
    full = evaluation_of(submission)
    assert submission.reason_code == "entry.exception"
    assert "0x1234" not in submission.reason + full.reason
    assert full.log == ""
    assert ledger(submission) == {"reserved", "charged"}


def test_a_code_of_the_entrys_own_making_is_not_passed_on(db: None) -> None:
    submission = smoked(visibility=Visibility.SCORES)
    services.fail(claimed(shards_of(submission, Stage.FULL)[0]), "entry.pixel_17", "17")
    submission.refresh_from_db()
    assert submission.reason_code == "entry.failed"


def test_an_open_phase_shows_why_the_full_run_failed(db: None) -> None:
    submission = smoked(visibility=Visibility.OPEN)
    services.fail(claimed(shards_of(submission, Stage.FULL)[0]), "entry.crashed", "It crashed.")
    submission.refresh_from_db()
    assert submission.reason == "It crashed."


def test_a_failure_of_one_shard_ends_the_others(db: None) -> None:
    submission = smoked(shard_pairs=2)
    first, second, third = shards_of(submission, Stage.FULL)
    running = claimed(second)
    services.fail(claimed(first), "entry.crashed", "It crashed.")
    assert not services.heartbeat(running, done=1).alive
    assert services.claim(third.pk, worker="worker-1") is None


def test_the_conclusion_publishes_report_scores_state_and_charge_together(db: None) -> None:
    submission = judged()
    full = evaluation_of(submission)
    assert concluded(submission, total_loss=1.5, fid=20.0)
    submission.refresh_from_db()
    full.refresh_from_db()
    assert (submission.state, full.state, full.is_promoted) == (State.SCORED, State.SCORED, True)
    assert dict(full.scores.values_list("metric", "value")) == {"total_loss": 1.5, "fid": 20.0}
    with full.report.open() as written:
        assert json.load(written)["overall"]["fid"]["value"] == 20.0
    assert ledger(submission) == {"reserved", "charged"}


def test_an_evaluation_is_concluded_once(db: None) -> None:
    submission = judged()
    assert concluded(submission, total_loss=1.0)
    assert not concluded(submission, total_loss=2.0)
    assert evaluation_of(submission).scores.get().value == 1.0


def test_a_conclusion_is_leased_to_one_worker(db: None) -> None:
    full = evaluation_of(judged())
    assert services.claim_conclusion(full.pk)
    assert services.claim_conclusion(full.pk) is None


def test_an_unfinished_run_is_not_concluded(db: None) -> None:
    submission = smoked(shard_pairs=3)
    services.finish(claimed(shards_of(submission, Stage.FULL)[0]), b"result")
    assert services.claim_conclusion(evaluation_of(submission).pk) is None


def test_a_worker_that_lost_its_conclusion_publishes_nothing(db: None) -> None:
    full = evaluation_of(judged())
    frozen = services.claim_conclusion(full.pk)
    services.release_conclusion(frozen)
    current = services.claim_conclusion(full.pk)
    assert not services.prolong_conclusion(frozen)
    assert not services.conclude(frozen, report(total_loss=9.0))
    assert not services.fault(frozen, "storage.away")
    assert services.conclude(current, report(total_loss=1.0))
    assert full.scores.get().value == 1.0
    full.refresh_from_db()
    kept = default_storage.listdir(f"reports/{full.submission_id}")[1]
    assert [f"reports/{full.submission_id}/{name}" for name in kept] == [full.report.name]


def test_a_submission_that_ended_meanwhile_is_not_concluded(db: None) -> None:
    full = evaluation_of(judged())
    lease = services.claim_conclusion(full.pk)
    services.end(full.pk, state=State.ERROR, code="platform.deadline", reason="Late.")
    assert not services.conclude(lease, report())
    assert not Evaluation.objects.filter(is_promoted=True).exists()


def test_a_fault_in_the_conclusion_is_tried_again_up_to_the_limit(
    db: None, settings: Settings
) -> None:
    settings.MAX_FAULTS, settings.BACKOFF_SECONDS = 1, 0.0
    submission = judged()
    full = evaluation_of(submission)
    for state in (State.RUNNING, State.ERROR):
        assert services.fault(services.claim_conclusion(full.pk), "storage.away")
        assert Submission.objects.get(pk=submission.pk).state == state
    assert ledger(submission) == {"reserved", "refunded"}


def test_a_conclusion_whose_lease_is_revived_while_it_lapses_is_not_ended(
    db: None, settings: Settings
) -> None:
    """Its worker, frozen and back, beats between the sweeper's look and the sweeper's verdict."""
    settings.MAX_FAULTS = 0
    full = evaluation_of(judged())
    lease = services.claim_conclusion(full.pk)
    lapse(full)
    revived: list[bool] = []

    def revive(execute: Callable[..., object], sql: str, *arguments: object) -> object:
        looked = execute(sql, *arguments)
        if sql.startswith('SELECT "judging_evaluation"."faults"') and not revived:
            revived.append(services.prolong_conclusion(lease))
        return looked

    with connection.execute_wrapper(revive):
        assert services.sweep().expired == 0
    assert revived == [True]
    full.refresh_from_db()
    assert full.state == State.RUNNING
    assert services.conclude(lease, report())


def test_a_conclusion_that_met_a_fault_waits_before_its_next_try(db: None) -> None:
    full = evaluation_of(judged())
    services.fault(services.claim_conclusion(full.pk), "storage.away")
    assert services.claim_conclusion(full.pk) is None


def test_a_run_goes_to_its_end_under_the_evaluator_that_began_it(db: None) -> None:
    submission = begun()
    Evaluation.objects.update(evaluator_version="0.0.1")  # queued before an upgrade
    claimed(shards_of(submission, Stage.SMOKE)[0])
    assert evaluation_of(submission, Stage.SMOKE).evaluator_version == __version__


@pytest.mark.parametrize(
    ("stage", "state", "started", "costs"),
    [
        (Stage.SMOKE, State.FAILED, True, False),
        (Stage.SMOKE, State.CANCELLED, True, False),
        (Stage.FULL, State.CANCELLED, False, False),
        (Stage.FULL, State.CANCELLED, True, True),
        (Stage.FULL, State.FAILED, True, True),
        (Stage.FULL, State.ERROR, True, False),
    ],
)
def test_only_a_full_run_that_started_costs_and_never_our_faults(
    stage: Stage, state: State, started: bool, costs: bool
) -> None:
    assert costs_quota(stage=stage, state=state, started=started) is costs
