"""Re-scoring a phase in the background, comparing, and promoting or dropping it in one step."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from pytest_django import Settings

from evaluator.errors import OrganiserError
from stylearena.accounts.models import User
from stylearena.competitions.models import AuditEntry, Dataset, Phase, Visibility
from stylearena.judging import services
from stylearena.judging.models import Evaluation, Lane, Rescore, RescoreState
from stylearena.judging.services import rescoring
from stylearena.leaderboards.differences import differences
from stylearena.leaderboards.queries import board
from stylearena.leaderboards.standings import standings
from stylearena.submissions import services as submissions
from stylearena.submissions.models import State, Submission
from tests.web.board_rows import phase_of, scored, somebody
from tests.web.factories import DatasetFactory
from tests.web.judging_rows import concluded as first_concluded
from tests.web.judging_rows import judged, ledger, report, smoked


def organiser_of(phase: Phase) -> User:
    return phase.competition.organiser


def begun(phase: Phase, **options: object) -> Rescore:
    """A re-score on another dataset."""
    terms = {"dataset": DatasetFactory(), "protocol": phase.protocol, **options}
    return rescoring.start(phase, by=organiser_of(phase), **terms)


def run(rescore: Rescore, **scores: float) -> None:
    """Judge what is queued; ``scores`` by the name of the entry, else 9."""
    while lease := services.claim_next([Lane.RESCORE], worker="worker-1"):
        services.finish(lease, b"result")
        if conclusion := services.claim_conclusion(lease.evaluation_id):
            name = Submission.objects.get(pk=lease.submission_id).name
            services.conclude(conclusion, report(total_loss=scores.get(name, 9.0)))


def promoted(submission: Submission) -> Evaluation:
    return submission.evaluations.get(is_promoted=True)


def values(phase: Phase) -> list[float]:
    phase.refresh_from_db()
    return [standing.candidate.value for standing in standings(phase)]


def test_a_rescore_queues_every_scored_entry_in_the_last_lane(db: None) -> None:
    phase = phase_of()
    for _ in range(2):
        scored(phase)
    rescore = begun(phase)
    assert rescore.evaluations.count() == 2
    lanes = rescore.evaluations.values_list("shards__lane", flat=True)
    assert set(lanes) == {Lane.RESCORE}
    assert rescoring.progress_of(rescore).active == 2


def test_a_request_queues_the_first_entries_and_the_sweeper_the_rest(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "_AT_ONCE", 2)
    phase = phase_of()
    for _ in range(7):
        scored(phase)
    rescore = begun(phase)
    assert rescore.evaluations.count() == 2
    assert rescoring.progress_of(rescore).active == 7
    run(rescore)
    with pytest.raises(OrganiserError, match="5 of 7 entries are still being judged"):
        rescoring.promote(rescore, by=organiser_of(phase))
    assert Rescore.objects.get().state == RescoreState.OPEN
    while services.sweep().rescored:
        run(rescore)
    assert rescoring.progress_of(rescore).active == 0
    rescoring.promote(rescore, by=organiser_of(phase))
    assert values(phase) == [9.0] * 7


def test_a_drop_ends_the_first_runs_and_the_sweeper_the_rest(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    phase = phase_of()
    for _ in range(5):
        scored(phase)
    rescore = begun(phase)
    monkeypatch.setattr(rescoring, "_AT_ONCE", 2)
    rescoring.drop(rescore, by=organiser_of(phase))
    assert rescore.evaluations.filter(state=State.CANCELLED).count() == 2
    assert services.claim_next([Lane.RESCORE], worker="worker-1") is None
    assert [services.sweep().cancelled for _ in range(3)] == [2, 1, 0]


def test_the_board_does_not_move_until_it_is_promoted(db: None) -> None:
    phase = phase_of()
    scored(phase, total_loss=1.0)
    rescore = begun(phase)
    run(rescore)
    assert values(phase) == [1.0]
    rescoring.promote(rescore, by=organiser_of(phase))
    assert values(phase) == [9.0]


def test_promotion_puts_the_new_terms_into_the_phase_and_nothing_is_overwritten(db: None) -> None:
    phase = phase_of()
    old = scored(phase, total_loss=1.0)
    rescore = begun(phase)
    run(rescore)
    rescoring.promote(rescore, by=organiser_of(phase))
    phase.refresh_from_db()
    old.refresh_from_db()
    assert phase.dataset == rescore.dataset
    assert (old.state, old.is_promoted) == (State.SCORED, False)
    assert old.scores.get().value == 1.0
    assert board(phase).provenance.dataset_digest == rescore.dataset.digest


def test_a_dropped_rescore_leaves_the_board_and_ends_its_runs(db: None) -> None:
    phase = phase_of()
    scored(phase, total_loss=1.0)
    rescore = begun(phase)
    rescoring.drop(rescore, by=organiser_of(phase))
    assert values(phase) == [1.0]
    assert rescore.evaluations.get().state == State.CANCELLED
    assert services.claim_next([Lane.RESCORE], worker="worker-1") is None


@pytest.mark.parametrize("act", [rescoring.promote, rescoring.drop])
def test_a_rescore_ends_once(db: None, act: object) -> None:
    phase = phase_of()
    scored(phase)
    rescore = begun(phase)
    rescoring.drop(rescore, by=organiser_of(phase))
    with pytest.raises(OrganiserError, match="already"):
        act(rescore, by=organiser_of(phase))


def test_what_is_not_finished_is_not_promoted(db: None) -> None:
    phase = phase_of()
    scored(phase, total_loss=1.0)
    rescore = begun(phase)
    with pytest.raises(OrganiserError, match="1 of 1 entries are still being judged"):
        rescoring.promote(rescore, by=organiser_of(phase))
    assert Rescore.objects.get().state == RescoreState.OPEN
    assert values(phase) == [1.0]


def test_an_entry_handed_in_meanwhile_is_added(db: None) -> None:
    phase = phase_of()
    scored(phase)
    rescore = begun(phase)
    run(rescore)
    scored(phase, name="Late")
    with pytest.raises(OrganiserError, match="still being judged"):
        rescoring.promote(rescore, by=organiser_of(phase))
    services.sweep()
    run(rescore)
    rescoring.promote(rescore, by=organiser_of(phase))
    assert len(values(phase)) == 2


def test_an_entry_that_ends_after_the_promotion_follows(db: None) -> None:
    submission = judged(pairs=4)
    phase = submission.phase
    scored(phase)
    rescore = begun(phase)
    run(rescore)
    rescoring.promote(rescore, by=organiser_of(phase))
    assert first_concluded(submission)  # under the old dataset, which it was begun on
    assert len(values(phase)) == 1
    services.sweep()
    run(rescore)
    assert len(values(phase)) == 2
    assert promoted(submission).dataset == rescore.dataset


def test_a_rescore_costs_nobody_anything_and_changes_no_submission(
    db: None, settings: Settings
) -> None:
    submission = judged(pairs=4)
    assert first_concluded(submission)
    before = ledger(submission)
    rescore = begun(submission.phase)
    lease = services.claim_next([Lane.RESCORE], worker="worker-1")
    services.fail(lease, "entry.crashed", "It crashed.")
    submission.refresh_from_db()
    assert (submission.state, ledger(submission)) == (State.SCORED, before)
    assert rescoring.progress_of(rescore).failed == 1


def test_an_entry_that_fails_under_the_new_terms_is_ranked_no_more(db: None) -> None:
    phase = phase_of()
    scored(phase, name="Frail", total_loss=1.0)
    scored(phase, name="Sturdy", total_loss=2.0)
    rescore = begun(phase)
    lease = services.claim_next([Lane.RESCORE], worker="worker-1")
    services.fail(lease, "entry.crashed", "It crashed.")
    run(rescore, Sturdy=3.0, Frail=3.0)
    rescoring.promote(rescore, by=organiser_of(phase))
    assert values(phase) == [3.0]


def test_our_faults_are_judged_again_before_a_promotion(db: None) -> None:
    phase = phase_of()
    scored(phase)
    rescore = begun(phase)
    evaluation = rescore.evaluations.get()
    services.end(evaluation.pk, state=State.ERROR, code="platform.faults", reason="Ours.")
    with pytest.raises(OrganiserError, match="faults of the platform"):
        rescoring.promote(rescore, by=organiser_of(phase))
    assert rescoring.retry(rescore, by=organiser_of(phase)) == 1
    run(rescore)
    rescoring.promote(rescore, by=organiser_of(phase))
    assert values(phase) == [9.0]


def test_a_wish_to_cancel_that_came_too_late_does_not_touch_the_rescore(db: None) -> None:
    submission = judged(pairs=4)
    submission.refresh_from_db()
    submissions.cancel(submission, by=submission.participant)
    assert first_concluded(submission)
    rescore = begun(submission.phase)
    services.sweep()
    lease = services.claim_next([Lane.RESCORE], worker="worker-1")
    assert not services.heartbeat(lease, done=1).cancelled
    assert rescoring.progress_of(rescore).active == 1


def test_full_runs_go_before_rescores(db: None) -> None:
    phase = phase_of()
    scored(phase)
    begun(phase)
    fresh = smoked(pairs=2, shard_pairs=2)
    lease = services.claim_next([Lane.FULL, Lane.RESCORE], worker="worker-1")
    assert lease.submission_id == fresh.pk


def test_a_rescore_waits_longer_than_a_submission(db: None) -> None:
    phase = phase_of()
    scored(phase)
    rescore = begun(phase)
    services.sweep(timezone.now() + timedelta(days=3))
    assert rescoring.progress_of(rescore).active == 1
    services.sweep(timezone.now() + timedelta(days=15))
    assert rescoring.progress_of(rescore).errors == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"protocol": "nonesuch-1"}, "phase.protocol"),
        ({"dataset": None}, "rescore.nothing_new"),
    ],
)
def test_terms_that_make_no_sense_are_refused(
    db: None, options: dict[str, object], code: str
) -> None:
    phase = phase_of()
    scored(phase)
    chosen = {k: v or phase.dataset for k, v in options.items()}
    with pytest.raises(OrganiserError) as refused:
        begun(phase, **chosen)
    assert refused.value.code == code


def test_a_phase_that_shows_pictures_is_not_rescored_on_held_out_ones(db: None) -> None:
    phase = phase_of(visibility=Visibility.OPEN)
    scored(phase)
    with pytest.raises(OrganiserError) as refused:
        begun(phase, dataset=DatasetFactory(is_public=False))
    assert refused.value.code == "phase.shows_held_out"
    assert not Rescore.objects.exists()


def test_what_was_hidden_meanwhile_is_not_promoted_where_pictures_are_shown(db: None) -> None:
    phase = phase_of(visibility=Visibility.OPEN)
    scored(phase, total_loss=1.0)
    rescore = begun(phase, dataset=DatasetFactory(is_public=True))
    run(rescore)
    Dataset.objects.filter(pk=rescore.dataset_id).update(is_public=False)
    with pytest.raises(OrganiserError) as refused:
        rescoring.promote(rescore, by=organiser_of(phase))
    assert refused.value.code == "phase.shows_held_out"
    assert Rescore.objects.get().state == RescoreState.OPEN
    assert values(phase) == [1.0]


def test_a_phase_is_rescored_once_at_a_time(db: None) -> None:
    phase = phase_of()
    scored(phase)
    begun(phase)
    with pytest.raises(OrganiserError, match="already"):
        begun(phase)
    assert Rescore.objects.count() == 1


def test_a_phase_without_scores_has_nothing_to_rescore(db: None) -> None:
    with pytest.raises(OrganiserError, match="no scored entry"):
        begun(phase_of())


def test_scores_of_two_evaluators_are_not_promoted_together(db: None) -> None:
    phase = phase_of()
    for _ in range(2):
        scored(phase)
    rescore = begun(phase)
    run(rescore)
    before = values(phase)
    one = rescore.evaluations.first()
    Evaluation.objects.filter(pk=one.pk).update(evaluator_version="0.0.9")
    with pytest.raises(OrganiserError, match="start it again") as refused:
        rescoring.promote(rescore, by=organiser_of(phase))
    assert refused.value.code == "rescore.mixed"
    assert values(phase) == before


def test_only_organisers_rescore(db: None) -> None:
    phase = phase_of()
    scored(phase)
    rescore = begun(phase)
    for act in (rescoring.promote, rescoring.drop, rescoring.retry):
        with pytest.raises(PermissionDenied):
            act(rescore, by=somebody(is_staff=True))


def test_every_act_is_logged(db: None) -> None:
    phase = phase_of()
    scored(phase)
    rescore = begun(phase, note="Better pictures.")
    run(rescore)
    rescoring.promote(rescore, by=organiser_of(phase))
    acts = list(AuditEntry.objects.order_by("id").values_list("act", "detail"))
    assert acts == [
        ("rescore.started", "Better pictures."),
        ("rescore.promoted", "Better pictures."),
    ]


@pytest.mark.parametrize("ended", [False, True])
def test_the_differences_show_old_and_new_score_and_rank_before_and_after(
    db: None, ended: bool
) -> None:
    phase = phase_of()
    scored(phase, name="A", total_loss=1.0)
    scored(phase, name="B", total_loss=2.0)
    rescore = begun(phase)
    run(rescore, A=5.0, B=4.0)
    if ended:
        rescoring.promote(rescore, by=organiser_of(phase))
    a, b = differences(rescore)
    assert [(d.name, d.old.rank, d.new.rank, d.climb) for d in (a, b)] == [
        ("A", 1, 2, -1),
        ("B", 2, 1, 1),
    ]
    assert (a.old.value, a.new.value, a.change) == (1.0, 5.0, 4.0)


def test_the_differences_cost_the_same_queries_however_many_entries(
    db: None, django_assert_num_queries: object
) -> None:
    phase = phase_of()
    for _ in range(5):
        scored(phase)
    rescore = Rescore.objects.select_related("phase").get(pk=begun(phase).pk)
    with django_assert_num_queries(2):
        assert len(differences(rescore)) == 5
