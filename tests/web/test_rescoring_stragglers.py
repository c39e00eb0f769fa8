"""What ends after a re-score did: it follows a promotion, undoes no later one, and is swept up."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluator.errors import OrganiserError
from stylearena.competitions.models import Phase
from stylearena.judging import services
from stylearena.judging.models import Evaluation, Lane, Rescore, RescoreState, Shard, Turn
from stylearena.judging.services import rescoring, stages
from stylearena.submissions.models import State, Submission
from tests.web.board_rows import phase_of, scored
from tests.web.judging_rows import concluded as first_concluded
from tests.web.judging_rows import judged, report
from tests.web.test_rescoring import begun, organiser_of, promoted, run, values


def straggling() -> tuple[Submission, Rescore]:
    """An entry that ended under the old terms after a re-score was promoted, and that re-score."""
    submission = judged(pairs=4)
    phase = submission.phase
    scored(phase)
    rescore = begun(phase)
    run(rescore)
    rescoring.promote(rescore, by=organiser_of(phase))
    assert first_concluded(submission)
    services.sweep()
    return Submission.objects.get(pk=submission.pk), rescore


def promoted_again(phase: Phase, **terms: object) -> Rescore:
    later = begun(Phase.objects.get(pk=phase.pk), **terms)
    run(later)
    rescoring.promote(later, by=organiser_of(phase))
    return later


def put_off() -> None:
    """A fault of ours lets a shard of the straggler wait."""
    lease = services.claim_next([Lane.RESCORE], worker="worker-1")
    services.release(lease, fault="storage.unreadable")
    later = timezone.now() + timedelta(minutes=5)
    Shard.objects.filter(pk=lease.shard_id).update(not_before=later)


def go_on() -> None:
    Shard.objects.filter(state=State.QUEUED).update(not_before=timezone.now())
    Turn.objects.update(at=timezone.now())


def test_a_straggler_of_an_older_rescore_does_not_replace_newer_scores(db: None) -> None:
    submission, older = straggling()
    put_off()
    newer = promoted_again(submission.phase)
    assert promoted(submission).rescore == newer
    go_on()
    run(older)
    assert older.evaluations.get(submission=submission).state == State.SCORED
    assert promoted(submission).rescore == newer
    assert len(values(submission.phase)) == 2


def test_nor_where_the_newer_one_has_the_same_terms_under_another_evaluator(db: None) -> None:
    submission, older = straggling()
    put_off()
    Evaluation.objects.filter(rescore=older, is_promoted=True).update(evaluator_version="0.0.1")
    newer = promoted_again(submission.phase, dataset=older.dataset)
    go_on()
    run(older)
    assert promoted(submission).rescore == newer


def test_a_straggler_that_met_our_faults_is_judged_again(db: None) -> None:
    submission, rescore = straggling()
    straggler = rescore.evaluations.get(submission=submission)
    services.end(straggler.pk, state=State.ERROR, code="platform.faults", reason="Ours.")
    client = Client()
    client.force_login(organiser_of(submission.phase))
    page = client.get(reverse("leaderboards:rescore", args=[rescore.pk])).content.decode()
    retry = reverse("leaderboards:end_rescore", args=[rescore.pk, "retry"])
    assert f'action="{retry}"' in page
    client.post(retry)
    run(rescore)
    assert promoted(submission).rescore == rescore
    assert len(values(submission.phase)) == 2


def test_faults_of_a_rescore_that_a_later_one_replaced_are_not_judged_again(db: None) -> None:
    submission, older = straggling()
    straggler = older.evaluations.get(submission=submission)
    services.end(straggler.pk, state=State.ERROR, code="platform.faults", reason="Ours.")
    promoted_again(submission.phase)
    with pytest.raises(OrganiserError, match="later one"):
        rescoring.retry(older, by=organiser_of(submission.phase))
    client = Client()
    client.force_login(organiser_of(submission.phase))
    page = client.get(reverse("leaderboards:rescore", args=[older.pk])).content.decode()
    assert reverse("leaderboards:end_rescore", args=[older.pk, "retry"]) not in page


def left_behind(phase: Phase) -> Rescore:
    """A dropped re-score whose web process died before it had ended the runs."""
    rescore = begun(phase)
    Rescore.objects.filter(pk=rescore.pk).update(state=RescoreState.DROPPED)
    return rescore


def test_runs_of_a_dropped_rescore_that_nobody_ended_are_not_claimed(db: None) -> None:
    phase = phase_of()
    scored(phase)
    left_behind(phase)
    assert services.claim_next([Lane.RESCORE], worker="worker-1") is None


@pytest.mark.parametrize("running", [False, True])
def test_the_sweep_ends_what_a_dropped_rescore_left_behind(db: None, running: bool) -> None:
    phase = phase_of()
    scored(phase)
    rescore = begun(phase)
    lease = services.claim_next([Lane.RESCORE], worker="worker-1") if running else None
    Rescore.objects.filter(pk=rescore.pk).update(state=RescoreState.DROPPED)
    assert services.sweep().cancelled == 1
    ended = rescore.evaluations.get()
    assert (ended.state, ended.reason_code) == (State.CANCELLED, "rescore.dropped")
    assert lease is None or not services.heartbeat(lease, done=1).alive


def test_nothing_is_queued_under_a_rescore_that_was_dropped_since_it_was_read(db: None) -> None:
    phase = phase_of()
    scored(phase)
    read_before = begun(phase)
    rescoring.drop(Rescore.objects.get(), by=organiser_of(phase))
    scored(phase, name="Late")
    assert rescoring.cover(read_before) == 0
    assert read_before.evaluations.count() == 1


def test_a_drop_in_the_middle_of_queueing_ends_it(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    phase = phase_of()
    scored(phase)
    rescore = begun(phase)
    for name in ("Late", "Later"):
        scored(phase, name=name)
    cut = stages.cut_into_shards

    def cut_and_drop(evaluation: Evaluation, lane: Lane) -> None:
        cut(evaluation, lane)
        rescoring.drop(Rescore.objects.get(), by=organiser_of(phase))

    monkeypatch.setattr(stages, "cut_into_shards", cut_and_drop)
    assert rescoring.cover(rescore) == 1
    assert set(rescore.evaluations.values_list("state", flat=True)) == {State.CANCELLED}


@pytest.mark.django_db(transaction=True)
def test_a_straggler_and_a_promotion_at_the_same_moment_agree() -> None:
    submission, _ = straggling()
    phase = Phase.objects.get(pk=submission.phase_id)
    while lease := services.claim_next([Lane.RESCORE], worker="worker-1"):
        services.finish(lease, b"result")
        conclusion = services.claim_conclusion(lease.evaluation_id)
    newer = begun(phase)
    run(newer)
    failures: list[BaseException] = []

    def at_once(act: object, *args: object, **options: object) -> None:
        try:
            act(*args, **options)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [
        Thread(target=at_once, args=(services.conclude, conclusion, report(total_loss=9.0))),
        Thread(
            target=at_once,
            args=(rescoring.promote, newer),
            kwargs={"by": organiser_of(phase)},
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert promoted(submission).rescore == newer
