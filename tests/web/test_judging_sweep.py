"""The sweep finds what was lost and ends what takes too long."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from stylearena.competitions.models import AuditEntry
from stylearena.judging import messages, services
from stylearena.judging.models import Evaluation, Lane, Shard, Stage, Turn
from stylearena.judging.services.stages import QUEUE_PATIENCE
from stylearena.submissions import services as submissions
from stylearena.submissions.models import State, Submission
from tests.web.factories import PhaseFactory
from tests.web.judging_rows import (
    age,
    begun,
    claimed,
    evaluation_of,
    judged,
    lapse,
    ledger,
    shards_of,
    smoked,
    submitted,
)


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """The messages, in place of a broker that has none waiting."""
    found: list[tuple[str, object]] = []

    def judge(key: int, lane: str, **_: object) -> bool:
        found.append((lane, key))
        return True

    def conclude(key: int, **_: object) -> bool:
        found.append(("conclude", key))
        return True

    monkeypatch.setattr(messages, "waiting", lambda queue: 0)
    for suffix in ("", "_now"):
        monkeypatch.setattr(messages, f"judge{suffix}", judge)
        monkeypatch.setattr(messages, f"conclude{suffix}", conclude)
    return found


def test_there_is_nothing_to_do_where_all_is_well(db: None) -> None:
    claimed(shards_of(begun(), Stage.SMOKE)[0])
    assert not services.sweep()


def test_a_lapsed_lease_is_queued_again_and_counted(db: None, sent: list[object]) -> None:
    shard = shards_of(smoked(), Stage.FULL)[0]
    claimed(shard)
    lapse(shard)
    sent.clear()
    assert services.sweep().expired == 1
    shard.refresh_from_db()
    assert (shard.state, shard.faults) == (State.QUEUED, 1)
    assert sent == [("full", shard.pk)]


def test_the_conclusion_of_a_killed_worker_is_taken_up_again_and_counted(
    db: None, sent: list[object]
) -> None:
    full = evaluation_of(judged())
    services.claim_conclusion(full.pk)
    sent.clear()
    assert services.sweep().expired == 0
    lapse(full)
    assert services.sweep().expired == 1
    full.refresh_from_db()
    assert (full.faults, full.leased_until) == (1, None)
    assert sent == [("conclude", full.pk)]


def test_a_phase_freezes_in_the_sweep_after_it_opened(db: None) -> None:
    phase = PhaseFactory()
    services.sweep()
    phase.refresh_from_db()
    assert phase.frozen_at is not None


def test_a_shard_whose_workers_keep_dying_ends_in_error_and_is_refunded(
    db: None, settings: object
) -> None:
    settings.MAX_FAULTS = 1
    submission = smoked()
    shard = shards_of(submission, Stage.FULL)[0]
    for _ in range(2):
        claimed(shard)
        lapse(shard)
        services.sweep()
    submission.refresh_from_db()
    assert (submission.state, submission.reason_code) == (State.ERROR, "platform.faults")
    assert ledger(submission) == {"reserved", "refunded"}


@pytest.mark.parametrize("stage", [Stage.SMOKE, Stage.FULL])
def test_a_deadline_ends_every_stage_and_is_refunded(db: None, stage: Stage) -> None:
    submission = begun() if stage == Stage.SMOKE else smoked()
    late = timezone.now() + QUEUE_PATIENCE + timedelta(minutes=1)
    assert services.sweep(late).overdue == 1
    submission.refresh_from_db()
    assert (submission.state, submission.reason_code) == (State.ERROR, "platform.deadline")
    assert ledger(submission) == {"reserved", "refunded"}


def test_a_running_evaluation_has_a_deadline_too(db: None) -> None:
    submission = smoked()
    claimed(shards_of(submission, Stage.FULL)[0])
    services.sweep(timezone.now() + timedelta(days=30))
    assert Submission.objects.get(pk=submission.pk).state == State.ERROR


def test_a_submission_whose_first_message_was_lost_is_begun(db: None) -> None:
    submission = submitted()
    assert services.sweep().begun == 0
    age(submission)
    assert services.sweep().begun == 1
    assert evaluation_of(submission, Stage.SMOKE).state == State.QUEUED


def test_a_queued_shard_whose_message_was_lost_is_sent_again(db: None, sent: list[object]) -> None:
    shard = shards_of(begun(), Stage.SMOKE)[0]
    sent.clear()
    later = timezone.now() + timedelta(minutes=2)
    assert services.sweep(later).resent == 1
    assert sent == [("smoke", shard.pk)]
    assert services.sweep(later).resent == 0


def test_only_as_many_hints_are_sent_as_the_broker_lacks(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        begun()
    monkeypatch.setattr(messages, "waiting", lambda queue: 2)
    assert services.sweep(timezone.now() + timedelta(minutes=2)).resent == 1


def test_somebody_who_fell_out_of_line_is_put_back(db: None) -> None:
    begun()
    Turn.objects.all().delete()
    assert services.sweep().lined_up == 1
    assert services.claim_next([Lane.SMOKE], worker="worker-1")


def test_nothing_is_sent_again_while_messages_wait(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "waiting", lambda queue: 3)
    begun()
    assert services.sweep(timezone.now() + timedelta(minutes=2)).resent == 0


def test_a_conclusion_whose_message_was_lost_is_sent_again(db: None, sent: list[object]) -> None:
    submission = judged()
    sent.clear()
    services.sweep(timezone.now() + timedelta(minutes=2))
    assert sent == [("conclude", evaluation_of(submission).pk)]


def test_an_unfinished_evaluation_is_not_concluded(db: None, sent: list[object]) -> None:
    submission = smoked(shard_pairs=2)
    services.finish(claimed(shards_of(submission, Stage.FULL)[0]), b"result")
    sent.clear()
    services.sweep(timezone.now() + timedelta(minutes=2))
    assert ("conclude", evaluation_of(submission).pk) not in sent


def test_a_wish_to_cancel_that_no_worker_reads_is_granted(db: None) -> None:
    submission = smoked()
    submission.refresh_from_db()
    submissions.cancel(submission, by=submission.participant)
    assert services.sweep().cancelled == 1
    submission.refresh_from_db()
    assert submission.state == State.CANCELLED
    assert ledger(submission) == {"reserved", "refunded"}


@pytest.mark.parametrize("swept", [False, True])
def test_what_an_organiser_cancels_is_logged_told_as_theirs_and_given_back(
    db: None, swept: bool
) -> None:
    submission = smoked()
    lease = claimed(shards_of(submission, Stage.FULL)[0])
    submission.refresh_from_db()
    organiser = submission.phase.competition.organiser
    assert submissions.cancel(submission, by=organiser)
    if swept:
        services.release(lease)
        assert services.sweep().cancelled == 1
    else:
        assert services.cancel(lease)
    submission.refresh_from_db()
    assert submission.state == State.CANCELLED
    assert submission.reason == "Cancelled by an organiser."
    assert ledger(submission) == {"reserved", "refunded"}
    line = AuditEntry.objects.get()
    assert (line.by, line.act) == (organiser, "submission.cancelled")
    assert str(submission.pk) in line.subject


def test_what_its_participant_cancels_in_a_full_run_is_charged_and_not_logged(db: None) -> None:
    submission = smoked()
    lease = claimed(shards_of(submission, Stage.FULL)[0])
    submission.refresh_from_db()
    submissions.cancel(submission, by=submission.participant)
    services.cancel(lease)
    submission.refresh_from_db()
    assert submission.reason == "Cancelled by its participant."
    assert ledger(submission) == {"reserved", "charged"}
    assert not AuditEntry.objects.exists()


def test_a_wish_that_a_worker_will_read_is_left_to_it(db: None) -> None:
    submission = smoked()
    claimed(shards_of(submission, Stage.FULL)[0])
    submission.refresh_from_db()
    submissions.cancel(submission, by=submission.participant)
    assert services.sweep().cancelled == 0


def test_the_run_of_a_submission_cancelled_at_once_is_cleared_away(db: None) -> None:
    submission = begun()
    submissions.cancel(submission, by=submission.participant)
    services.sweep()
    assert evaluation_of(submission, Stage.SMOKE).state == State.CANCELLED
    assert ledger(submission) == {"reserved", "refunded"}


def test_a_submission_that_nothing_judges_any_more_ends_in_error(db: None) -> None:
    submission = smoked()
    Evaluation.objects.filter(submission=submission).update(state=State.ERROR)
    age(submission)
    assert services.sweep().stranded == 1
    assert Submission.objects.get(pk=submission.pk).state == State.ERROR


def test_the_sweeper_command_makes_one_round(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    submission = submitted()
    age(submission)
    call_command("sweeper", "--once")
    assert "begun=1" in capsys.readouterr().out
    assert Shard.objects.filter(evaluation__submission=submission).count() == 1
