"""Shards' files leave the storage once their report is written, and not before."""

from datetime import datetime, timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from stylearena.judging import services
from stylearena.judging.models import Evaluation, Shard
from stylearena.judging.services import leftovers, rescoring
from stylearena.submissions.models import State, Submission
from tests.web.board_rows import phase_of, scored
from tests.web.judging_rows import concluded, evaluation_of, judged
from tests.web.test_rescoring import begun, organiser_of

LATER = timedelta(hours=1)


def files_of(submission: Submission) -> list[str]:
    names = Shard.objects.filter(evaluation__submission=submission).exclude(result="")
    return list(names.values_list("result", flat=True))


def there(names: list[str]) -> list[bool]:
    return [default_storage.exists(name) for name in names]


def later() -> datetime:
    return timezone.now() + LATER


def test_files_go_when_the_report_has_been_written(db: None) -> None:
    submission = judged()
    names = files_of(submission)
    assert len(names) == 2
    assert leftovers.clear(later()) == 0
    assert concluded(submission)
    assert leftovers.clear(timezone.now()) == 0  # somebody may be reading them yet
    assert there(names) == [True, True]
    assert leftovers.clear(later()) == 2
    assert there(names) == [False, False]
    assert files_of(submission) == []
    assert default_storage.exists(evaluation_of(submission).report.name)
    assert leftovers.clear(later()) == 0


def test_files_of_a_run_that_failed_go_too(db: None) -> None:
    submission = judged()
    names = files_of(submission)
    evaluation = evaluation_of(submission)
    services.end(evaluation.pk, state=State.ERROR, code="platform.faults", reason="Ours.")
    assert leftovers.clear(later()) == 2
    assert there(names) == [False, False]


def test_a_file_that_is_gone_already_does_not_hold_up_the_rest(db: None) -> None:
    submission = judged()
    names = files_of(submission)
    default_storage.delete(names[0])
    assert concluded(submission)
    assert leftovers.clear(later()) == 2
    assert there(names) == [False, False]


def test_a_store_that_fails_ends_it_for_now(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = judged()
    names = files_of(submission)
    assert concluded(submission)
    asked: list[str] = []

    def out_of_reach(name: str) -> None:
        asked.append(name)
        raise OSError("no route to the store")

    with monkeypatch.context() as away:
        away.setattr(default_storage, "delete", out_of_reach)
        assert leftovers.clear(later()) == 0
    assert asked == names[:1]
    assert leftovers.clear(later()) == 2


def test_a_sweep_takes_some_at_a_time(db: None) -> None:
    submission = judged()
    assert concluded(submission)
    ended = Evaluation.objects.filter(submission=submission)
    assert [leftovers.clear_now(ended, at_once=1) for _ in range(3)] == [1, 1, 0]


def test_the_sweeper_clears_them(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = judged()
    assert concluded(submission)
    monkeypatch.setattr(leftovers, "_KEPT", timedelta(seconds=-1))
    assert services.sweep().cleared == 2
    assert files_of(submission) == []


def test_judging_our_faults_again_leaves_no_files_behind(db: None) -> None:
    phase = phase_of()
    scored(phase)
    rescore = begun(phase)
    lease = services.claim_next(["rescore"], worker="worker-1")
    services.finish(lease, b"result")
    names = files_of(rescore.evaluations.get().submission)
    evaluation = rescore.evaluations.get()
    services.end(evaluation.pk, state=State.ERROR, code="platform.faults", reason="Ours.")
    assert there(names) == [True]
    rescoring.retry(rescore, by=organiser_of(phase))
    assert there(names) == [False]
