"""The organisers' pages: who sees them, what their buttons do, what they say when refused."""

import pytest
from django.test import Client
from django.urls import reverse

from stylearena.accounts.models import User
from stylearena.competitions.models import AuditEntry, Competition, Phase, Visibility
from stylearena.judging.models import Rescore, RescoreState
from stylearena.submissions.models import Standing, Submission
from tests.web.board_rows import page_text, phase_of, scored, somebody
from tests.web.factories import DatasetFactory
from tests.web.test_rescoring import begun, run


def visit(user: User | None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client


def page_of(phase: Phase) -> str:
    return reverse("leaderboards:organise", args=[phase.competition.slug, phase.slug])


@pytest.fixture
def phase(db: None) -> Phase:
    return phase_of()


@pytest.fixture
def olga(phase: Phase) -> Client:
    return visit(phase.competition.organiser)


def test_only_the_organisers_find_the_pages(phase: Phase) -> None:
    scored(phase)
    rescore = reverse("leaderboards:rescore", args=[begun(phase).pk])
    for address in (page_of(phase), rescore):
        assert visit(phase.competition.organiser).get(address).status_code == 200
        assert visit(somebody(is_staff=True)).get(address).status_code == 404
        assert visit(None).get(address).status_code == 302


def test_the_board_leads_its_organisers_there_and_nobody_else(phase: Phase, olga: Client) -> None:
    board = reverse("leaderboards:board", args=[phase.competition.slug, phase.slug])
    assert page_of(phase) in olga.get(board).content.decode()
    assert page_of(phase) not in visit(somebody()).get(board).content.decode()


def test_an_entry_is_disqualified_and_restored_with_a_button(phase: Phase, olga: Client) -> None:
    submission = scored(phase, name="Ghost").submission
    address = reverse("leaderboards:standing", args=[submission.pk])
    said = olga.post(address, {"to": "disqualified", "reason": "Plagiarism."}, follow=True)
    assert "Ghost: disqualified." in said.content.decode()
    assert Submission.objects.get().standing == Standing.DISQUALIFIED
    olga.post(address, {"to": "ranked"})
    assert Submission.objects.get().standing == Standing.RANKED
    log = olga.get(page_of(phase)).content.decode()
    assert "entry.disqualified" in log
    assert "entry.restored" in log


def test_a_missing_reason_is_said_on_the_page(phase: Phase, olga: Client) -> None:
    submission = scored(phase).submission
    address = reverse("leaderboards:standing", args=[submission.pk])
    said = olga.post(address, {"to": "hidden", "reason": ""}, follow=True).content.decode()
    assert "Say why" in said
    assert Submission.objects.get().standing == Standing.RANKED


def test_a_stranger_decides_nothing(phase: Phase) -> None:
    submission = scored(phase).submission
    address = reverse("leaderboards:standing", args=[submission.pk])
    answer = visit(submission.participant).post(address, {"to": "hidden", "reason": "No."})
    assert answer.status_code == 404


def test_a_rescore_is_started_compared_and_promoted_with_buttons(
    phase: Phase, olga: Client
) -> None:
    scored(phase, name="Mover", total_loss=1.0)
    phase.competition.organiser.is_superuser = True  # may use every dataset
    phase.competition.organiser.save()
    form = {"dataset": DatasetFactory().pk, "protocol": phase.protocol, "note": "Better."}
    start = reverse("leaderboards:start_rescore", args=[phase.competition.slug, phase.slug])
    page = olga.post(start, form, follow=True).content.decode()
    assert "0 of 1 entries judged" in page
    assert "disabled" in page
    rescore = Rescore.objects.get()
    run(rescore, Mover=4.0)
    page = olga.get(reverse("leaderboards:rescore", args=[rescore.pk])).content.decode()
    assert "Mover" in page
    olga.post(reverse("leaderboards:end_rescore", args=[rescore.pk, "promote"]))
    rescore.refresh_from_db()
    assert rescore.state == RescoreState.PROMOTED


def test_a_refused_rescore_says_why_on_the_form(phase: Phase, olga: Client) -> None:
    form = {"dataset": phase.dataset.pk, "protocol": phase.protocol}
    start = reverse("leaderboards:start_rescore", args=[phase.competition.slug, phase.slug])
    answer = olga.post(start, form)
    assert answer.status_code == 422
    assert "no scored entry" in answer.content.decode()


def test_a_rescore_that_would_show_held_out_pictures_is_refused_on_the_form(
    db: None,
) -> None:
    phase = phase_of(visibility=Visibility.OPEN)
    olga = visit(phase.competition.organiser)
    scored(phase)
    other = phase_of(competition=phase.competition)  # on pictures of her own that are held out
    form = {"dataset": other.dataset_id, "protocol": phase.protocol}
    start = reverse("leaderboards:start_rescore", args=[phase.competition.slug, phase.slug])
    answer = olga.post(start, form)
    assert answer.status_code == 422
    assert "are held out; choose another dataset" in page_text(answer)


def test_a_dataset_of_another_organiser_cannot_be_used(phase: Phase, olga: Client) -> None:
    scored(phase)
    form = {"dataset": DatasetFactory().pk, "protocol": phase.protocol}
    start = reverse("leaderboards:start_rescore", args=[phase.competition.slug, phase.slug])
    assert olga.post(start, form).status_code == 422
    assert not Rescore.objects.exists()


def test_a_refused_promotion_is_said_on_the_page(phase: Phase, olga: Client) -> None:
    scored(phase)
    rescore = begun(phase)
    address = reverse("leaderboards:end_rescore", args=[rescore.pk, "promote"])
    assert "still being judged" in olga.post(address, follow=True).content.decode()
    olga.post(reverse("leaderboards:end_rescore", args=[rescore.pk, "drop"]))
    rescore.refresh_from_db()
    assert rescore.state == RescoreState.DROPPED


def test_the_page_costs_the_same_queries_however_many_entries(
    phase: Phase, olga: Client, django_assert_max_num_queries: object
) -> None:
    for _ in range(6):
        scored(phase)
    with django_assert_max_num_queries(14):
        olga.get(page_of(phase))


def test_what_is_done_in_the_admin_is_logged_too(phase: Phase, organiser: User) -> None:
    client = visit(organiser)
    chosen = {"action": "unpublish", "_selected_action": [phase.competition.pk]}
    client.post(reverse("admin:competitions_competition_changelist"), chosen)
    assert not Competition.objects.get().is_published
    closing = {"action": "close_now", "_selected_action": [phase.pk], "confirmed": "yes"}
    client.post(reverse("admin:competitions_phase_changelist"), closing)
    acts = AuditEntry.objects.order_by("id").values_list("by", "act")
    assert list(acts) == [
        (organiser.pk, "competition.unpublished"),
        (organiser.pk, "phase.closed_early"),
    ]


def test_nobody_writes_or_mends_the_log(phase: Phase, organiser: User) -> None:
    line = AuditEntry.objects.create(
        competition=phase.competition, by=organiser, act="x.y", subject="z"
    )
    client = visit(organiser)
    assert client.get(reverse("admin:competitions_auditentry_add")).status_code == 403
    change = reverse("admin:competitions_auditentry_change", args=[line.pk])
    client.post(change, {"act": "nothing.happened"})
    client.post(reverse("admin:competitions_auditentry_delete", args=[line.pk]), {"post": "yes"})
    assert AuditEntry.objects.get().act == "x.y"
