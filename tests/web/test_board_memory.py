"""What is remembered of a board: nothing that has changed, and nothing for other eyes."""

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stylearena.competitions.models import Phase
from stylearena.judging.services import rescoring
from stylearena.leaderboards import standings
from stylearena.submissions.models import Standing
from stylearena.submissions.standing import decide, withdraw
from tests.web.board_rows import (
    board_url,
    exhibited,
    page_text,
    phase_of,
    phase_with_pictures,
    scored,
)
from tests.web.judging_rows import concluded, judged
from tests.web.test_rescoring import begun, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def phase() -> Phase:
    return phase_of(ranking_metric="total_loss")


def shown(phase: Phase, query: str = "", client: Client | None = None, **headers: str) -> str:
    return page_text((client or Client()).get(board_url(phase, query), headers=headers))


def test_a_board_seen_before_costs_one_query(phase: Phase) -> None:
    for _ in range(3):
        scored(phase)
    first = shown(phase)
    with CaptureQueriesContext(connection) as captured:
        assert shown(phase) == first
    assert len(captured) == 1


def test_a_new_entry_is_seen_at_once() -> None:
    submission = judged(visibility="open")
    phase = submission.phase
    assert submission.name not in shown(phase)
    assert concluded(submission, **{phase.ranking_metric: 1.0})
    assert submission.name in shown(phase)


def test_what_organisers_and_authors_decide_is_seen_at_once(phase: Phase) -> None:
    entries = [scored(phase, name=name).submission for name in ("Anvil", "Bellow", "Cog")]
    by = phase.competition.organiser
    assert "Anvil" in shown(phase)
    decide(entries[0], Standing.DISQUALIFIED, by=by, reason="Plagiarism.")
    assert "Anvil" not in shown(phase)
    assert "Bellow" in shown(phase)
    decide(entries[0], Standing.RANKED, by=by, reason="")
    withdraw(entries[1], by=entries[1].participant)
    page = shown(phase)
    assert "Anvil" in page
    assert "Bellow" not in page


def test_a_promoted_rescore_is_seen_at_once(phase: Phase) -> None:
    scored(phase, name="Anvil", total_loss=1.25)
    rescore = begun(phase)
    run(rescore, Anvil=7.5)
    assert "1.25" in shown(phase)
    rescoring.promote(rescore, by=phase.competition.organiser)
    page = shown(phase)
    assert "7.5" in page
    assert "1.25" not in page


def test_what_changes_past_our_services_is_seen_when_the_memory_ends(phase: Phase) -> None:
    entry = scored(phase, name="Anvil").submission
    assert "Anvil" in shown(phase)
    entry.delete()
    standings.forget()
    assert "Anvil" not in shown(phase)


def test_an_entry_deleted_since_it_was_ranked_breaks_no_other_page(phase: Phase) -> None:
    entry = scored(phase, name="Anvil", total_loss=1.0).submission
    scored(phase, name="Bellow", total_loss=2.0)
    assert "Anvil" in shown(phase)
    entry.delete()
    page = shown(phase, "?sort=date")
    assert "Anvil" not in page
    assert "Bellow" in page


def test_pages_orders_and_searches_are_kept_apart(phase: Phase) -> None:
    for number in range(51):
        scored(phase, name=f"Entry {number:02}", total_loss=1.0 + number)
    assert "Entry 00" in shown(phase)
    assert "Entry 00" not in shown(phase, "?page=2")
    assert "Entry 50" in shown(phase, "?page=2")
    scored(phase, name="Lighthouse", total_loss=99.0)
    found = shown(phase, "?q=lighthouse")
    assert "Lighthouse" in found
    assert "Entry 00" not in found
    assert "Entry 00" not in shown(phase, "?sort=rank&direction=descending")


def test_a_table_for_htmx_is_not_served_as_the_page(phase: Phase) -> None:
    scored(phase)
    assert "<form" not in shown(phase, HX_Request="true")
    assert 'id="board-form"' in shown(phase)


def test_pictures_that_only_organisers_see_are_never_shown_to_others(tmp_path: Path) -> None:
    phase = phase_with_pictures(tmp_path / "tiny", visibility="scores")
    exhibited(phase)
    organiser = Client()
    organiser.force_login(phase.competition.organiser)
    for _ in range(2):
        assert "board__thumb" in shown(phase, client=organiser)
        assert "board__thumb" not in shown(phase)
