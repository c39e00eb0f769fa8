"""The pages of submissions, as a participant and as a stranger see them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from stylearena.accounts.models import User
from stylearena.competitions.models import Phase, Visibility
from stylearena.judging.models import Shard, Stage
from stylearena.submissions.models import State, Submission
from tests.web.factories import PhaseFactory, SubmissionFactory, upload
from tests.web.judging_rows import shards_of, smoked


@pytest.fixture
def phase(db: None) -> Phase:
    return PhaseFactory()


@pytest.fixture
def signed_in(client: Client, participant: User) -> Client:
    client.force_login(participant)
    return client


def form_of(phase: Phase) -> str:
    return reverse("submissions:new", args=[phase.competition.slug, phase.slug])


def page_of(submission: Submission) -> str:
    return reverse("submissions:detail", args=[submission.pk])


def test_handing_in_asks_for_a_log_in(client: Client, phase: Phase) -> None:
    response = client.get(form_of(phase))
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


def test_the_form_says_what_is_left_and_the_limits(signed_in: Client, phase: Phase) -> None:
    html = signed_in.get(form_of(phase)).content.decode()
    for words in ("of 5 today", "of 2 at once", "at most 200 MiB", "30 seconds", "30 minutes"):
        assert words in html


def test_a_good_entry_leads_to_its_page(signed_in: Client, phase: Phase) -> None:
    response = signed_in.post(form_of(phase), {"entry": upload()}, follow=True)
    submission = Submission.objects.get()
    assert response.redirect_chain == [(page_of(submission), 302)]
    assert "passed the static checks" in response.content.decode()


def test_htmx_is_sent_to_the_page_as_a_browser(signed_in: Client, phase: Phase) -> None:
    response = signed_in.post(form_of(phase), {"entry": upload()}, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == page_of(Submission.objects.get())


def test_a_broken_entry_is_refused_at_once_and_in_words(signed_in: Client, phase: Phase) -> None:
    response = signed_in.post(form_of(phase), {"entry": upload("entry.zip", b"no zip")})
    html = response.content.decode()
    assert response.status_code == 422
    assert "not a readable zip file" in html
    assert "entry.archive.corrupt" in html
    assert 'aria-invalid="true"' in html
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [({}, "Choose an .onnx or .zip file first"), ({"entry": upload("a.exe")}, "Hand in an .onnx")],
)
def test_a_missing_or_foreign_file_is_refused(
    signed_in: Client, phase: Phase, data: dict[str, object], words: str
) -> None:
    response = signed_in.post(form_of(phase), data)
    assert response.status_code == 422
    assert words in response.content.decode()


def test_a_closed_phase_shows_no_open_form_and_refuses(signed_in: Client) -> None:
    now = timezone.now()
    phase = PhaseFactory(opens_at=now - timedelta(days=2), closes_at=now - timedelta(days=1))
    html = signed_in.get(form_of(phase)).content.decode()
    assert "This phase is closed" in html
    assert html.count("disabled") >= 2
    response = signed_in.post(form_of(phase), {"entry": upload()})
    assert response.status_code == 422
    assert "phase.closed" in response.content.decode()


def test_a_used_up_quota_is_refused(signed_in: Client, phase: Phase) -> None:
    Phase.objects.update(per_day=1)
    signed_in.post(form_of(phase), {"entry": upload()})
    response = signed_in.post(form_of(phase), {"entry": upload()})
    assert "quota.exceeded" in response.content.decode()


def test_a_drafts_form_does_not_exist_for_participants(signed_in: Client) -> None:
    phase = PhaseFactory(competition__is_published=False)
    assert signed_in.get(form_of(phase)).status_code == 404


def test_mine_are_only_mine_with_the_reason_of_failure(
    signed_in: Client, participant: User
) -> None:
    SubmissionFactory(participant=participant, name="Ours", state="failed", reason="Too slow.")
    SubmissionFactory(name="Theirs")
    html = signed_in.get(reverse("submissions:mine")).content.decode()
    assert "Ours" in html
    assert "Too slow." in html
    assert "Theirs" not in html


def test_the_list_shows_progress_and_offers_to_cancel(client: Client, db: None) -> None:
    submission = smoked(shard_pairs=4, pairs=6, visibility=Visibility.OPEN)
    first, _ = shards_of(submission, Stage.FULL)
    Shard.objects.filter(pk=first.pk).update(done=3)
    client.force_login(submission.participant)

    html = client.get(reverse("submissions:mine")).content.decode()

    assert "3 of 6 pairs" in html
    cancel = reverse("submissions:cancel", args=[submission.pk])
    assert f'action="{cancel}"' in html
    answer = client.post(cancel, {"back_to": "mine"}, follow=True)
    assert answer.redirect_chain == [(reverse("submissions:mine"), 302)]
    assert f'action="{cancel}"' not in answer.content.decode()


@pytest.mark.parametrize("state", [State.SCORED, State.FAILED, State.CANCELLED])
def test_what_has_ended_has_no_progress_and_cannot_be_cancelled(
    signed_in: Client, participant: User, state: State
) -> None:
    submission = SubmissionFactory(participant=participant, state=state)
    html = signed_in.get(reverse("submissions:mine")).content.decode()
    assert "<progress" not in html
    assert reverse("submissions:cancel", args=[submission.pk]) not in html


@pytest.mark.parametrize(("state", "polls"), [(State.RUNNING, True), (State.SCORED, False)])
def test_the_list_polls_only_while_something_is_active(
    signed_in: Client, participant: User, state: State, polls: bool
) -> None:
    SubmissionFactory(participant=participant, state=state)
    html = signed_in.get(reverse("submissions:mine")).content.decode()
    assert ('hx-trigger="every 3s"' in html) is polls


def test_htmx_gets_the_table_alone(signed_in: Client, participant: User) -> None:
    SubmissionFactory(participant=participant)
    response = signed_in.get(reverse("submissions:mine"), headers={"HX-Request": "true"})
    html = response.content.decode()
    assert html.lstrip().startswith('<div id="submissions"')
    assert "<html" not in html
    assert "HX-Request" in response.headers["Vary"]


def test_the_list_costs_the_same_for_many(
    signed_in: Client, participant: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    SubmissionFactory.create_batch(20, participant=participant)
    with django_assert_num_queries(4):  # session, user, count, page
        signed_in.get(reverse("submissions:mine"))


def test_a_submissions_page_shows_the_entry_and_its_live_panel(
    signed_in: Client, participant: User
) -> None:
    submission = SubmissionFactory(
        participant=participant,
        info={"runtime": "onnx", "authors": "A. Painter", "styles": ["dots", "rain"]},
    )
    html = signed_in.get(page_of(submission)).content.decode()
    assert "A. Painter" in html
    assert "dots, rain" in html
    assert submission.digest in html
    panel = reverse("judging:panel", args=[submission.pk])
    assert f'hx-get="{panel}"' in html
    assert f'href="{panel}"' in html  # without JavaScript
    assert "every 2s" in html


def test_a_scored_submission_links_to_its_entry(signed_in: Client, participant: User) -> None:
    submission = SubmissionFactory(participant=participant, state=State.SCORED)
    html = signed_in.get(page_of(submission)).content.decode()
    assert reverse("leaderboards:entry", args=[submission.pk]) in html
    assert "every 2s" not in html
    assert "Cancel submission" not in html


def test_a_hostile_manifest_is_only_text(signed_in: Client, participant: User) -> None:
    submission = SubmissionFactory(
        participant=participant,
        name="<script>alert(1)</script>",
        info={"code": "javascript:alert(1)", "paper": '"><img src=x onerror=alert(1)>'},
    )
    html = signed_in.get(page_of(submission)).content.decode()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert 'href="javascript' not in html


def test_a_stranger_cannot_open_or_cancel_a_submission(signed_in: Client) -> None:
    submission = SubmissionFactory()
    assert signed_in.get(page_of(submission)).status_code == 404
    cancel = reverse("submissions:cancel", args=[submission.pk])
    assert signed_in.post(cancel).status_code == 404
    submission.refresh_from_db()
    assert submission.state == State.QUEUED


def test_an_organiser_may_open_any_submission(client: Client, organiser: User) -> None:
    client.force_login(organiser)
    assert client.get(page_of(SubmissionFactory())).status_code == 200


def test_cancelling_needs_a_post(signed_in: Client, participant: User) -> None:
    submission = SubmissionFactory(participant=participant)
    cancel = reverse("submissions:cancel", args=[submission.pk])
    assert signed_in.get(cancel).status_code == 405
    assert signed_in.post(cancel, follow=True).status_code == 200
    submission.refresh_from_db()
    assert submission.state == State.CANCELLED
