"""A board as a file: complete, exact, with provenance, and safe to open in a spreadsheet."""

import csv
import io

import pytest
from django.test import Client

from stylearena.competitions.models import Phase, Visibility
from stylearena.leaderboards.export import BoardDocument, safe_cell
from tests.web.board_rows import board_url, phase_of, scored, somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def phase() -> Phase:
    return phase_of(ranking_metric="total_loss")


def table(client: Client, phase: Phase, query: str = "") -> list[dict[str, str]]:
    response = client.get(board_url(phase, f"?format=csv{query}"))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))


def test_the_csv_holds_every_digit_of_value_and_interval(client: Client) -> None:
    phase = phase_of(ranking_metric="total_loss", visibility=Visibility.OPEN)
    scored(phase, total_loss=0.1234567890123)
    (row,) = table(client, phase)
    assert (row["rank"], float(row["total_loss"])) == ("1", 0.1234567890123)
    assert float(row["total_loss_low"]) == 0.1234567890123 * 0.9


@pytest.mark.parametrize("file_format", ["csv", "json"])
def test_a_file_of_held_out_scores_holds_the_digits_that_are_printed(
    phase: Phase, client: Client, file_format: str
) -> None:
    """The last digits of a score are the entry's to choose: they could carry a picture out."""
    scored(phase, total_loss=0.1234567890123)
    text = client.get(board_url(phase, f"?format={file_format}")).content.decode()
    assert "0.1235" in text
    assert "0.12345" not in text


def test_organisers_get_every_digit_of_held_out_scores(phase: Phase, client: Client) -> None:
    scored(phase, total_loss=0.1234567890123)
    client.force_login(phase.competition.organiser)
    (row,) = table(client, phase)
    assert float(row["total_loss"]) == 0.1234567890123


def test_the_csv_carries_the_provenance_on_every_row(phase: Phase, client: Client) -> None:
    scored(phase)
    (row,) = table(client, phase)
    assert row["protocol_digest"] == phase.protocol_digest
    assert row["dataset_digest"] == phase.dataset.digest


def test_a_refused_metric_is_an_empty_cell(phase: Phase, client: Client) -> None:
    scored(phase, total_loss=1.0)
    assert table(client, phase)[0]["fid"] == ""


def test_a_file_holds_all_pages(phase: Phase, client: Client) -> None:
    for i in range(53):
        scored(phase, total_loss=float(i))
    assert len(table(client, phase)) == 53


def test_a_file_keeps_the_order_and_the_search_of_the_page(phase: Phase, client: Client) -> None:
    for name, fid in (("Mosaic A", 1.0), ("Mosaic B", 2.0), ("Impasto", 3.0)):
        scored(phase, name=name, total_loss=1.0, fid=fid)
    rows = table(client, phase, "&sort=fid&direction=descending&q=mosaic")
    assert [row["name"] for row in rows] == ["Mosaic B", "Mosaic A"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"])
def test_a_formula_is_disarmed(name: str) -> None:
    assert safe_cell(name) == f"'{name}"


def test_names_in_the_csv_are_disarmed(phase: Phase, client: Client) -> None:
    scored(phase, name="=HYPERLINK(1)", participant=somebody(display_name="@me"))
    (row,) = table(client, phase)
    assert (row["name"], row["participant"]) == ("'=HYPERLINK(1)", "'@me")


def test_the_json_is_the_boards_document(phase: Phase, client: Client) -> None:
    evaluation = scored(phase, name="Mosaic", total_loss=2.5)
    response = client.get(board_url(phase, "?format=json"))
    document = BoardDocument.model_validate_json(response.content)
    (row,) = document.rows
    assert (row.entry, row.rank, row.name) == (evaluation.submission_id, 1, "Mosaic")
    assert row.scores["total_loss"].value == 2.5
    assert document.provenance.dataset_digest == phase.dataset.digest
    assert document.provenance.weights
