"""Organisers at work in the admin: competitions, phases, datasets and submissions."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluator.protocols import protocol
from stylearena.accounts.models import User
from stylearena.competitions.models import AuditEntry, Competition, Dataset, Phase
from stylearena.submissions.models import State, Submission
from tests.web.board_rows import page_text
from tests.web.factories import (
    CompetitionFactory,
    DatasetFactory,
    PhaseFactory,
    SubmissionFactory,
)

MODELS = ("competition", "phase", "dataset", "submission")


@pytest.fixture
def admin(client: Client, organiser: User) -> Client:
    client.force_login(organiser)
    return client


def place(model: str, page: str = "changelist", *args: Any) -> str:
    app = "submissions" if model == "submission" else "competitions"
    return reverse(f"admin:{app}_{model}_{page}", args=args)


def send(client: Client, url: str, **changes: Any) -> HttpResponse:
    """Fill in the form at ``url`` as a browser would, with ``changes``, and send it."""
    form = client.get(url).context["adminform"].form
    filled: dict[str, Any] = {}
    for bound in form:
        value = bound.field.prepare_value(bound.value())
        if isinstance(value, bool):
            value = "on" if value else None
        if hasattr(value, "hour"):
            filled |= {
                f"{bound.name}_0": f"{value:%Y-%m-%d}",
                f"{bound.name}_1": f"{value:%H:%M:%S}",
            }
        elif value is not None:
            filled[bound.name] = value
    counts = {"phases-TOTAL_FORMS": "0", "phases-INITIAL_FORMS": "0"}
    sent = {k: v for k, v in (filled | counts | changes).items() if v is not None}
    return client.post(url, sent)


def act(client: Client, model: str, action: str, *rows: Any, **more: str) -> str:
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return page_text(client.post(place(model), data, follow=True))


def moment(name: str, days: float) -> dict[str, str]:
    when = timezone.now() + timedelta(days=days)
    return {f"{name}_0": f"{when:%Y-%m-%d}", f"{name}_1": f"{when:%H:%M:%S}"}


@pytest.fixture
def draft(organiser: User) -> Phase:
    return PhaseFactory(
        competition__organiser=organiser,
        competition__is_published=False,
        dataset__pairs=5000,
        protocol="untrained-1",
    )


def test_logging_in_goes_by_the_sites_own_page(client: Client, db: None) -> None:
    response = client.get(reverse("admin:index"), follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))


def test_a_competition_is_made_step_by_step(admin: Client, draft: Phase) -> None:
    texts = {"title": "New wall", "slug": "new-wall", "description": "*Words*"}
    refused = send(admin, place("competition", "add"), **texts, is_published="on")
    assert "It has no phase yet" in page_text(refused)
    assert send(admin, place("competition", "add"), **texts).status_code == 302
    made = Competition.objects.get(slug="new-wall")
    assert made.organiser.username == "olga"

    add = f"{place('phase', 'add')}?competition={made.pk}"
    assert add.replace("&", "&amp;") in page_text(
        admin.get(place("competition", "change", made.pk))
    )
    chosen = {"dataset": draft.dataset_id, "smoke_dataset": draft.smoke_dataset_id}
    named = {"title": "One", "slug": "one", "protocol": "untrained-1", "archive_bytes": "1.5"}
    assert send(admin, add, **chosen, **named).status_code == 302
    phase = made.phases.get()
    assert phase.archive_bytes == 3 << 19
    assert phase.unpacked_bytes == 1 << 30
    assert phase.protocol_digest == protocol("untrained-1").digest()
    assert phase.frozen_at is None

    send(admin, place("competition", "change", made.pk), is_published="on")
    made.refresh_from_db()
    phase.refresh_from_db()
    assert made.is_published
    assert phase.frozen_at is not None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (moment("closes_at", -9), "A phase must close after it opens"),
        ({"archive_bytes": "0"}, "greater than or equal to 0.01"),
        ({"in_total": "0"}, "greater than or equal to 1"),
        ({"protocol": "standard-99"}, "Select a valid choice"),
        ({"slug": "two words"}, "valid “slug”"),
        ({"dataset": ""}, "This field is required"),
    ],
)
def test_a_phase_that_makes_no_sense_is_refused_in_words(
    admin: Client, draft: Phase, changes: dict[str, str], words: str
) -> None:
    page = page_text(send(admin, place("phase", "change", draft.pk), **changes))
    assert words in page
    assert "Constraint" not in page


def test_a_dataset_too_small_for_its_metric_is_refused(admin: Client, draft: Phase) -> None:
    Dataset.objects.filter(pk=draft.dataset_id).update(pairs=6)
    page = page_text(send(admin, place("phase", "change", draft.pk), ranking_metric="fid"))
    assert "but the dataset has 6" in page


def test_an_open_phase_needs_a_public_dataset(admin: Client, draft: Phase) -> None:
    url = place("phase", "change", draft.pk)
    refused = page_text(send(admin, url, visibility="open"))
    assert "which are held out" in refused
    Dataset.objects.filter(pk=draft.dataset_id).update(is_public=True)
    assert send(admin, url, visibility="open").status_code == 302
    draft.refresh_from_db()
    assert draft.visibility == "open"

    kept = send(admin, place("dataset", "change", draft.dataset_id), is_public=None)
    assert "they cannot be hidden" in page_text(kept)


def test_a_held_out_dataset_is_no_smoke_dataset(admin: Client, draft: Phase) -> None:
    url = place("phase", "change", draft.pk)
    page = page_text(send(admin, url, smoke_dataset=draft.dataset_id))
    assert "choose a public dataset" in page


def test_saving_without_a_change_changes_nothing(admin: Client, draft: Phase) -> None:
    before = Phase.objects.filter(pk=draft.pk).values("archive_bytes", "memory_bytes", "per_day")[0]
    assert send(admin, place("phase", "change", draft.pk)).status_code == 302
    assert Phase.objects.filter(pk=draft.pk).values(*before)[0] == before


def test_an_open_phase_shows_what_is_fixed_and_lets_the_rest_be_changed(admin: Client) -> None:
    phase = PhaseFactory(competition__is_published=True)
    url = place("phase", "change", phase.pk)
    page = page_text(admin.get(url))
    assert "Archive: at most 200 MiB" in page
    for name in ("per_day", "protocol", "dataset", "closes_at_0", "archive_bytes", "slug"):
        assert f'name="{name}"' not in page
    send(admin, url, title="Another title", per_day="99", protocol="standard-1", slug="other")
    stored = Phase.objects.get(pk=phase.pk)
    assert stored.title == "Another title"
    assert (stored.per_day, stored.protocol, stored.slug) == (5, phase.protocol, phase.slug)


def test_a_form_opened_before_the_phase_and_sent_after_it_changes_nothing(
    admin: Client, draft: Phase
) -> None:
    Competition.objects.update(is_published=True)
    Phase.objects.update(opens_at=timezone.now() + timedelta(days=1))
    url = place("phase", "change", draft.pk)
    assert 'name="per_day"' in page_text(admin.get(url))
    Phase.objects.update(opens_at=timezone.now() - timedelta(seconds=1))
    admin.post(url, {"title": "T", "order": "0", "shard_pairs": "8", "per_day": "99"})
    assert Phase.objects.get(pk=draft.pk).per_day == 5


def test_a_published_address_stays(admin: Client) -> None:
    competition = CompetitionFactory()
    PhaseFactory(competition=competition)
    url = place("competition", "change", competition.pk)
    assert 'name="slug"' not in page_text(admin.get(url))
    send(admin, url, slug="moved", title="Renamed")
    competition.refresh_from_db()
    assert (competition.title, competition.slug.startswith("competition-")) == ("Renamed", True)


def test_publishing_needs_a_phase(admin: Client, draft: Phase) -> None:
    empty = CompetitionFactory(is_published=False)
    page = act(admin, "competition", "publish", empty, draft.competition)
    assert "1 competition is public now." in page
    assert "without a phase stays a draft" in page
    assert Competition.objects.get(pk=draft.competition_id).is_published
    assert Phase.objects.get(pk=draft.pk).frozen_at
    assert "1 competition is hidden now." in act(
        admin, "competition", "unpublish", draft.competition
    )
    assert Phase.objects.get(pk=draft.pk).frozen_at  # what was promised stays promised


def test_a_phase_is_opened_at_once(admin: Client) -> None:
    waiting = PhaseFactory(opens_at=timezone.now() + timedelta(days=3))
    assert "1 phase is open now." in act(admin, "phase", "open_now", waiting, PhaseFactory())
    waiting.refresh_from_db()
    assert waiting.is_open()
    assert waiting.frozen_at


def test_a_phase_is_closed_only_after_asking_and_for_good(admin: Client) -> None:
    phase = PhaseFactory()
    assert "Close these phases for good?" in act(admin, "phase", "close_now", phase)
    assert Phase.objects.get(pk=phase.pk).is_open()
    assert "1 phase is closed now." in act(admin, "phase", "close_now", phase, confirmed="yes")
    phase.refresh_from_db()
    assert not phase.is_open()
    assert phase.frozen_at
    assert "0 phases are open now." in act(admin, "phase", "open_now", phase)
    assert not Phase.objects.get(pk=phase.pk).is_open()


def test_what_the_public_took_part_in_is_never_deleted(admin: Client, draft: Phase) -> None:
    opened = PhaseFactory(frozen_at=timezone.now())
    for row, model in ((opened, "phase"), (opened.competition, "competition")):
        assert admin.post(place(model, "delete", row.pk), {"post": "yes"}).status_code == 403
        act(admin, model, "delete_selected", row, post="yes")
    assert Phase.objects.filter(pk=opened.pk).exists()
    admin.post(place("competition", "delete", draft.competition_id), {"post": "yes"})
    assert not Competition.objects.filter(pk=draft.competition_id).exists()


def test_pictures_being_judged_on_stay_hidden(admin: Client) -> None:
    phase = PhaseFactory(frozen_at=timezone.now())
    url = place("dataset", "change", phase.dataset_id)
    assert "has not closed" in page_text(send(admin, url, is_public="on"))
    Phase.objects.update(closes_at=timezone.now() - timedelta(seconds=1))
    assert send(admin, url, is_public="on").status_code == 302
    assert Dataset.objects.get(pk=phase.dataset_id).is_public


def test_pictures_of_a_smoke_run_stay_public(admin: Client) -> None:
    phase = PhaseFactory()
    page = page_text(
        send(admin, place("dataset", "change", phase.smoke_dataset_id), is_public=None)
    )
    assert "give it another smoke dataset" in page


def test_datasets_and_submissions_are_not_made_by_hand(admin: Client) -> None:
    assert admin.get(place("dataset", "add")).status_code == 403
    assert admin.get(place("submission", "add")).status_code == 403
    submission = SubmissionFactory()
    page = page_text(admin.get(place("submission", "change", submission.pk)))
    assert 'name="_save"' not in page
    assert admin.post(place("submission", "delete", submission.pk)).status_code == 403


def test_selected_submissions_are_cancelled(admin: Client) -> None:
    queued, scored = SubmissionFactory(), SubmissionFactory(state=State.SCORED)
    page = act(admin, "submission", "cancel_selected", queued, scored)
    assert "1 submission is cancelled." in page
    assert "1 had already ended." in page
    assert Submission.objects.get(pk=queued.pk).state == State.CANCELLED
    assert AuditEntry.objects.filter(act="submission.cancelled").count() == 1


@pytest.mark.parametrize("model", MODELS)
def test_lists_can_be_searched_and_cost_the_same_with_more_rows(admin: Client, model: str) -> None:
    SubmissionFactory(name="Needle", phase__title="Needle", phase__competition__title="Needle")
    DatasetFactory(title="Needle")
    SubmissionFactory()  # a filter of one choice is not shown, and not counted
    with CaptureQueriesContext(connection) as few:
        admin.get(place(model))
    SubmissionFactory.create_batch(3)
    with CaptureQueriesContext(connection) as many:
        everything = page_text(admin.get(place(model)))
    assert len(many) == len(few)
    found = page_text(admin.get(place(model), {"q": "needle"}))
    assert "Needle" in found
    assert found.count("action-checkbox") < everything.count("action-checkbox")


def test_submissions_are_filtered_by_phase(admin: Client) -> None:
    wanted, other = SubmissionFactory(name="Wanted"), SubmissionFactory(name="Other")
    page = page_text(admin.get(place("submission"), {"phase": wanted.phase_id}))
    assert "Wanted" in page
    assert "Other" not in page
    assert str(other.phase) in page  # still offered
