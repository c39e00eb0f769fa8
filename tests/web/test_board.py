"""The board page: what it ranks, how it is sorted, searched and paged, and who may see it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stylearena.competitions.models import Phase, Visibility
from stylearena.judging.models import Evaluation, Stage
from stylearena.leaderboards import standings
from stylearena.leaderboards.queries import board
from stylearena.submissions.models import State
from tests.web.board_rows import board_url, page_text, phase_of, scored, somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def phase() -> Phase:
    return phase_of(ranking_metric="total_loss")


def names(phase: Phase, **options: Any) -> list[str]:
    return [row.name for row in board(phase, **options).rows]


def test_entries_stand_in_order_of_the_ranking_metric(phase: Phase) -> None:
    for name, value in (("second", 2.0), ("first", 1.0), ("third", 3.0)):
        scored(phase, name=name, total_loss=value)
    rows = board(phase).rows
    assert [(row.rank, row.name) for row in rows] == [(1, "first"), (2, "second"), (3, "third")]


def test_a_participant_stands_with_the_best_entry_only(phase: Phase) -> None:
    ada = somebody()
    scored(phase, name="old", participant=ada, total_loss=5.0)
    scored(phase, name="new", participant=ada, total_loss=4.0)
    assert names(phase) == ["new"]


def test_entries_of_other_phases_are_not_on_the_board(phase: Phase) -> None:
    scored(phase_of())
    assert names(phase) == []


@pytest.mark.parametrize(
    "change",
    [
        {"is_promoted": False},
        {"stage": Stage.SMOKE},
        {"state": State.ERROR},
        {"protocol_digest": "another"},
    ],
)
def test_only_promoted_full_scorings_of_the_phases_protocol_are_ranked(
    phase: Phase, change: dict[str, object]
) -> None:
    evaluation = scored(phase)
    Evaluation.objects.filter(pk=evaluation.pk).update(**change)
    assert names(phase) == []


def test_a_withdrawn_submission_leaves_the_board(phase: Phase) -> None:
    submission = scored(phase).submission
    submission.state = State.CANCELLED
    submission.save()
    assert names(phase) == []


def test_scores_of_another_dataset_are_not_ranked_and_are_counted(phase: Phase) -> None:
    evaluation = scored(phase)
    evaluation.dataset = phase.smoke_dataset
    evaluation.save()
    found = board(phase)
    assert (found.rows, found.provenance.awaiting) == ([], 1)


def test_the_evaluator_version_of_most_entries_is_the_boards(phase: Phase) -> None:
    for name in ("a", "b"):
        scored(phase, name=name, version="1.0")
    scored(phase, name="newer", version="2.0", total_loss=0.1)
    found = board(phase)
    assert found.provenance.evaluator_version == "1.0"
    assert {row.name for row in found.rows} == {"a", "b"}
    assert found.provenance.awaiting == 1


def test_an_entry_without_the_ranking_score_has_no_rank_and_stands_last(phase: Phase) -> None:
    scored(phase, name="refused", fid=10.0)
    scored(phase, name="scored", total_loss=99.0)
    assert [(row.rank, row.name) for row in board(phase).rows] == [(1, "scored"), (None, "refused")]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"sort": "fid"}, ["b", "a", "none"]),
        ({"sort": "fid", "descending": True}, ["a", "b", "none"]),
        ({"sort": "rank", "descending": True}, ["none", "b", "a"]),
        ({"sort": "date"}, ["none", "b", "a"]),
        ({"sort": "no-such-column"}, ["a", "b", "none"]),
    ],
)
def test_the_board_is_sorted_by_any_column(
    phase: Phase, options: dict[str, object], expected: list[str]
) -> None:
    scored(phase, name="a", minutes=1, total_loss=1.0, fid=9.0)
    scored(phase, name="b", minutes=2, total_loss=2.0, fid=8.0)
    scored(phase, name="none", minutes=3, total_loss=3.0)
    assert names(phase, **options) == expected


def test_sorting_keeps_the_ranks(phase: Phase) -> None:
    scored(phase, total_loss=1.0, fid=9.0)
    scored(phase, total_loss=2.0, fid=8.0)
    assert [row.rank for row in board(phase, sort="fid").rows] == [2, 1]


def test_search_finds_entries_and_participants_and_keeps_their_ranks(phase: Phase) -> None:
    scored(phase, name="Impasto", total_loss=1.0)
    scored(phase, name="Mosaic", participant=somebody(display_name="Zoë"), total_loss=2.0)
    assert [(row.rank, row.name) for row in board(phase, search="zoë mos").rows] == [(2, "Mosaic")]


def test_pages_hold_fifty_entries_and_go_on_where_the_last_one_ended(phase: Phase) -> None:
    for i in range(52):
        scored(phase, name=f"m{i}", total_loss=1.0 + i)
    second = board(phase, page=2)
    assert [row.rank for row in second.rows] == [51, 52]
    assert (second.pages, board(phase, page=99).page) == (2, 2)


@pytest.mark.parametrize("query", ["", "?sort=fid", "?q=Method"])
def test_the_number_of_queries_does_not_grow_with_entries(
    phase: Phase, client: Client, query: str
) -> None:
    scored(phase, total_loss=1.0, fid=1.0)
    client.get(board_url(phase, query))
    standings.forget()
    with CaptureQueriesContext(connection) as few:
        client.get(board_url(phase, query))
    for i in range(30):
        scored(phase, total_loss=2.0 + i, fid=3.0)
    with CaptureQueriesContext(connection) as many:
        response = client.get(board_url(phase, query))
    assert response.content.count(b"<tr>") == 32
    assert len(many) == len(few) <= 9


def test_every_column_sorts_by_a_plain_link(phase: Phase, client: Client) -> None:
    scored(phase, total_loss=1.0, fid=2.0)
    page = page_text(client.get(board_url(phase, "?sort=fid")))
    assert re.search(r'<th[^>]*aria-sort="ascending">\s*<a [^>]*id="sort-fid"', page)
    assert 'href="?sort=fid&amp;direction=descending"' in page
    assert 'href="?sort=content_loss&amp;direction=ascending"' in page


def test_the_page_shows_values_intervals_and_provenance(phase: Phase, client: Client) -> None:
    scored(phase, name="Pointillist", total_loss=1234.5678)
    page = page_text(client.get(board_url(phase)))
    for text in ("Pointillist", "1,235", "1,110 – 1,230", phase.dataset.digest, phase.protocol):
        assert text in page


def test_names_are_escaped(phase: Phase, client: Client) -> None:
    scored(phase, name="<script>alert(1)</script>")
    assert b"<script>alert" not in client.get(board_url(phase)).content


def test_htmx_gets_the_table_alone(phase: Phase, client: Client) -> None:
    scored(phase)
    response = client.get(board_url(phase), headers={"HX-Request": "true"})
    assert b"<html" not in response.content
    assert b'id="board-table"' in response.content
    assert "HX-Request" in response["Vary"]


def test_an_empty_board_invites_the_first_entry(phase: Phase, client: Client) -> None:
    assert b"Hand in an entry" in client.get(board_url(phase)).content


@pytest.mark.parametrize("query", ["?page=-1", "?page=x", "?page=²", "?direction=up"])
def test_odd_addresses_show_the_first_page(phase: Phase, client: Client, query: str) -> None:
    scored(phase, name="Pointillist")
    response = client.get(board_url(phase, query))
    assert (response.status_code, b"Pointillist" in response.content) == (200, True)


def test_a_hidden_board_shows_nothing_until_the_phase_closes(phase: Phase, client: Client) -> None:
    phase.visibility = Visibility.HIDDEN
    phase.save()
    scored(phase, name="Pointillist")
    assert b"Pointillist" not in client.get(board_url(phase)).content
    assert client.get(board_url(phase, "?format=csv")).status_code == 403
    phase.closes_at = timezone.now() - timedelta(minutes=1)
    phase.save()
    assert b"Pointillist" in client.get(board_url(phase)).content


def test_staff_see_a_hidden_board(phase: Phase, client: Client) -> None:
    phase.visibility = Visibility.HIDDEN
    phase.save()
    scored(phase, name="Pointillist")
    client.force_login(somebody(is_superuser=True))
    assert b"Pointillist" in client.get(board_url(phase)).content


def test_the_board_of_a_draft_is_its_organisers_alone(phase: Phase, client: Client) -> None:
    phase.competition.is_published = False
    phase.competition.save()
    assert client.get(board_url(phase)).status_code == 404
    client.force_login(phase.competition.organiser)
    assert client.get(board_url(phase)).status_code == 200


def test_a_search_keeps_the_order(phase: Phase, client: Client) -> None:
    scored(phase)
    page = page_text(client.get(board_url(phase, "?sort=fid&direction=descending")))
    assert '<input type="hidden" name="sort" value="fid" form="board-form">' in page
    assert '<input type="hidden" name="direction" value="descending" form="board-form">' in page


def test_the_files_offered_are_of_the_order_and_search_shown(phase: Phase, client: Client) -> None:
    scored(phase)
    page = page_text(client.get(board_url(phase, "?sort=fid&q=m&page=1")))
    assert 'href="?sort=fid&amp;q=m&amp;format=csv"' in page
