"""A NUL in an address or a query is the visitor's mistake, never a failure of the database."""

import pytest
from django.test import Client

from tests.web.board_rows import phase_of
from tests.web.factories import PhaseFactory


@pytest.mark.django_db
def test_a_search_with_a_nul_is_a_bad_request(client: Client) -> None:
    phase = phase_of()
    address = f"/competitions/{phase.competition.slug}/{phase.slug}/leaderboard/"
    assert client.get(address, {"q": "a\0b"}).status_code == 400
    assert client.get(address, {"q": "ab"}).status_code == 200


@pytest.mark.django_db
def test_the_api_says_what_is_wrong_with_the_query(client: Client) -> None:
    phase = PhaseFactory()
    address = f"/api/v1/competitions/{phase.competition.slug}/phases/{phase.slug}/leaderboard"
    answer = client.get(address, {"search": "\0"})
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid")


@pytest.mark.django_db
def test_an_address_with_a_nul_leads_nowhere(client: Client) -> None:
    assert client.get("/api/v1/competitions/%00").status_code == 404
