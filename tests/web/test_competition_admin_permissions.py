"""An organiser who is no superuser reaches what they organise in the admin, and nothing else."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from stylearena.accounts.models import User
from stylearena.competitions.models import Competition, Phase
from stylearena.competitions.permissions import organises
from stylearena.submissions import queries
from stylearena.submissions.models import State, Submission
from tests.web.board_rows import page_text
from tests.web.factories import PhaseFactory, SubmissionFactory, UserFactory
from tests.web.test_competition_admin import MODELS, act, place, send


@pytest.fixture
def olaf(db: None) -> User:
    """Staff without one of Django's permissions."""
    return UserFactory(username="olaf", is_staff=True)


@pytest.fixture
def own(olaf: User) -> Submission:
    return SubmissionFactory(
        name="Ours",
        phase__title="Our phase",
        phase__competition__title="Our wall",
        phase__competition__organiser=olaf,
        phase__dataset__title="Our pictures",
    )


@pytest.fixture
def foreign(db: None) -> Submission:
    return SubmissionFactory(
        name="Theirs",
        phase__title="Their phase",
        phase__competition__title="Their wall",
        phase__dataset__title="Their pictures",
    )


@pytest.fixture
def admin(client: Client, olaf: User) -> Client:
    client.force_login(olaf)
    return client


def row_of(model: str, submission: Submission) -> Any:
    phase = submission.phase
    rows = {"phase": phase, "competition": phase.competition, "dataset": phase.dataset}
    return rows.get(model, submission)


@pytest.mark.parametrize("model", MODELS)
def test_lists_pages_and_filters_hold_ones_own_alone(
    admin: Client, own: Submission, foreign: Submission, model: str
) -> None:
    page = page_text(admin.get(place(model)))
    assert "Our" in page
    assert "Their" not in page
    assert admin.get(place(model, "change", row_of(model, own).pk)).status_code == 200
    refused = admin.get(place(model, "change", row_of(model, foreign).pk))
    assert refused.status_code == 302  # Django's "perhaps it was deleted?"
    assert "Their" not in page_text(admin.get(reverse("admin:index")))


def test_the_start_page_offers_competitions_and_no_people(admin: Client) -> None:
    page = page_text(admin.get(reverse("admin:index")))
    assert place("competition") in page
    assert "/admin/accounts/user/" not in page
    assert admin.get("/admin/accounts/user/").status_code == 403


def test_whoever_makes_a_competition_organises_it(admin: Client, olaf: User) -> None:
    texts = {"title": "Mine", "slug": "mine", "organiser": UserFactory().pk}
    assert send(admin, place("competition", "add"), **texts).status_code == 302
    assert Competition.objects.get(slug="mine").organiser == olaf


def test_nobody_hands_a_competition_over(admin: Client, own: Submission, olaf: User) -> None:
    url = place("competition", "change", own.phase.competition_id)
    assert 'name="organiser"' not in page_text(admin.get(url))
    send(admin, url, organiser=UserFactory().pk)
    assert Competition.objects.get(pk=own.phase.competition_id).organiser == olaf


@pytest.mark.parametrize("field", ["competition", "dataset"])
def test_a_phase_takes_nothing_of_anothers(
    admin: Client, own: Submission, foreign: Submission, field: str
) -> None:
    phase = own.phase
    chosen = {"competition": phase.competition_id, "dataset": phase.dataset_id}
    chosen["smoke_dataset"] = phase.smoke_dataset_id
    chosen[field] = getattr(foreign.phase, f"{field}_id")
    response = send(admin, place("phase", "add"), **chosen, title="New", slug="new")
    assert "Select a valid choice" in page_text(response)
    assert not Phase.objects.filter(slug="new").exists()


def test_suggestions_name_ones_own_alone(
    admin: Client, own: Submission, foreign: Submission
) -> None:
    for field in ("competition", "dataset"):
        query = {"app_label": "competitions", "model_name": "phase", "field_name": field}
        answer = admin.get(reverse("admin:autocomplete"), query).json()
        ids = {int(result["id"]) for result in answer["results"]}
        assert getattr(own.phase, f"{field}_id") in ids
        assert getattr(foreign.phase, f"{field}_id") not in ids


def test_only_public_pictures_are_suggested_for_a_smoke_run(admin: Client, own: Submission) -> None:
    query = {"app_label": "competitions", "model_name": "phase", "field_name": "smoke_dataset"}
    answer = admin.get(reverse("admin:autocomplete"), query).json()
    assert [int(result["id"]) for result in answer["results"]] == [own.phase.smoke_dataset_id]


def test_actions_touch_ones_own_alone(admin: Client, own: Submission, foreign: Submission) -> None:
    act(admin, "submission", "cancel_selected", own, foreign)
    act(admin, "phase", "close_now", own.phase, foreign.phase, confirmed="yes")
    act(admin, "competition", "unpublish", own.phase.competition, foreign.phase.competition)
    assert Submission.objects.get(pk=own.pk).state == State.CANCELLED
    assert Submission.objects.get(pk=foreign.pk).state == State.QUEUED
    assert not Phase.objects.get(pk=own.phase_id).is_open()
    assert Phase.objects.get(pk=foreign.phase_id).is_open()
    assert Competition.objects.get(pk=foreign.phase.competition_id).is_published


def test_pictures_shared_with_another_competition_are_not_ones_own_to_show(
    admin: Client, own: Submission
) -> None:
    url = place("dataset", "change", own.phase.dataset_id)
    assert 'name="is_public"' in page_text(admin.get(url))
    PhaseFactory(dataset=own.phase.dataset)
    assert 'name="is_public"' not in page_text(admin.get(url))


def test_a_permission_of_djangos_widens_it_to_everybodys(
    admin: Client, olaf: User, foreign: Submission
) -> None:
    olaf.user_permissions.add(Permission.objects.get(codename="change_competition"))
    assert "Their wall" in page_text(admin.get(place("competition")))
    assert organises(User.objects.get(pk=olaf.pk), foreign.phase.competition)


def test_an_organiser_opens_and_cancels_what_was_handed_in_to_them(
    admin: Client, olaf: User, own: Submission, foreign: Submission
) -> None:
    assert list(queries.visible_to(olaf)) == [own]
    cancel = [reverse("submissions:cancel", args=[each.pk]) for each in (own, foreign)]
    assert [admin.post(url).status_code for url in cancel] == [302, 404]
    assert Submission.objects.get(pk=own.pk).state == State.CANCELLED
    assert Submission.objects.get(pk=foreign.pk).state == State.QUEUED


def test_a_locked_account_organises_nothing(own: Submission, olaf: User) -> None:
    olaf.is_active = False
    assert not organises(olaf, own.phase.competition)
