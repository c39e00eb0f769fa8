"""Hiding, disqualifying, restoring and withdrawing entries, and the log of who did it."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from evaluator.errors import OrganiserError, ParticipantError
from stylearena.accounts.models import User
from stylearena.competitions.models import AuditEntry
from stylearena.leaderboards.standings import standings
from stylearena.submissions.models import Standing, State, Submission
from stylearena.submissions.standing import decide, withdraw
from tests.web.board_rows import phase_of, scored, somebody
from tests.web.factories import SubmissionFactory


def entry(**fields: object) -> Submission:
    return scored(phase_of(), **fields).submission


def organiser_of(submission: Submission) -> User:
    return submission.phase.competition.organiser


def status(submission: Submission, viewer: User | None) -> int:
    client = Client()
    if viewer:
        client.force_login(viewer)
    return client.get(reverse("leaderboards:entry", args=[submission.pk])).status_code


@pytest.mark.parametrize("to", [Standing.HIDDEN, Standing.DISQUALIFIED])
def test_an_entry_set_aside_leaves_the_board_and_keeps_its_scores(db: None, to: Standing) -> None:
    submission = entry()
    assert decide(submission, to, by=organiser_of(submission), reason="Trained on the test set.")
    assert not standings(submission.phase)
    assert submission.evaluations.get().scores.exists()


def test_the_entry_below_moves_up(db: None) -> None:
    first = entry(total_loss=1.0)
    second = scored(first.phase, total_loss=2.0)
    decide(first, Standing.DISQUALIFIED, by=organiser_of(first), reason="Plagiarism.")
    (only,) = standings(first.phase)
    assert (only.rank, only.candidate.evaluation) == (1, second.pk)


def test_a_restored_entry_stands_again(db: None) -> None:
    submission = entry()
    by = organiser_of(submission)
    decide(submission, Standing.HIDDEN, by=by, reason="A complaint came in.")
    assert decide(submission, Standing.RANKED, by=by, reason="")
    assert len(standings(submission.phase)) == 1
    assert Submission.objects.get().standing_reason == ""


def test_every_decision_is_logged_once_with_its_reason(db: None) -> None:
    submission = entry(name="Ghost")
    by = organiser_of(submission)
    for _ in range(2):
        decide(submission, Standing.HIDDEN, by=by, reason="A complaint came in.")
    line = AuditEntry.objects.get()
    assert (line.by, line.act, line.detail) == (by, "entry.hidden", "A complaint came in.")
    assert "Ghost" in line.subject


def test_setting_aside_needs_a_reason(db: None) -> None:
    submission = entry()
    with pytest.raises(OrganiserError, match="Say why"):
        decide(submission, Standing.DISQUALIFIED, by=organiser_of(submission), reason="  ")


def test_only_organisers_decide(db: None) -> None:
    submission = entry()
    for stranger in (somebody(is_staff=True), submission.participant):
        with pytest.raises(PermissionDenied):
            decide(submission, Standing.HIDDEN, by=stranger, reason="Mine is better.")


def test_an_author_withdraws_for_good(db: None) -> None:
    submission = entry()
    assert withdraw(submission, by=submission.participant)
    assert not withdraw(submission, by=submission.participant)
    assert not standings(submission.phase)
    with pytest.raises(OrganiserError, match="withdrew"):
        decide(submission, Standing.RANKED, by=organiser_of(submission), reason="Back.")


def test_a_disqualified_entry_cannot_be_withdrawn_out_of_the_record(db: None) -> None:
    submission = entry()
    decide(submission, Standing.DISQUALIFIED, by=organiser_of(submission), reason="Plagiarism.")
    assert not withdraw(submission, by=submission.participant)
    assert Submission.objects.get().standing == Standing.DISQUALIFIED


def test_only_its_author_withdraws_and_only_what_is_scored(db: None) -> None:
    with pytest.raises(PermissionDenied):
        withdraw(entry(), by=somebody())
    waiting = SubmissionFactory(state=State.QUEUED)
    with pytest.raises(ParticipantError, match="Only a scored entry"):
        withdraw(waiting, by=waiting.participant)


def test_a_hidden_entrys_page_is_for_its_author_and_the_organisers(
    db: None, tmp_path: object
) -> None:
    submission = entry()
    by = organiser_of(submission)
    decide(submission, Standing.HIDDEN, by=by, reason="A complaint came in.")
    submission.evaluations.update(report="")
    assert status(submission, somebody()) == 404
    assert status(submission, None) == 404
    client = Client()
    client.force_login(submission.participant)
    page = client.get(reverse("submissions:detail", args=[submission.pk])).content.decode()
    assert "A complaint came in." in page


def test_the_author_withdraws_on_the_submissions_page(db: None) -> None:
    submission = entry()
    client = Client()
    client.force_login(submission.participant)
    page = client.get(reverse("submissions:detail", args=[submission.pk])).content.decode()
    assert "Withdraw entry" in page
    client.post(reverse("submissions:withdraw", args=[submission.pk]))
    assert Submission.objects.get().standing == Standing.WITHDRAWN
