"""The read side of the API: what it answers, that it is what it documents, and its errors."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from stylearena.api.schemas import CompetitionOut, CompetitionsOut, ErrorOut
from stylearena.competitions.models import Phase, Visibility
from stylearena.leaderboards import standings
from stylearena.leaderboards.export import BoardDocument
from tests.web.board_rows import phase_of, scored, somebody

pytestmark = pytest.mark.django_db
ROOT = "/api/v1"


@pytest.fixture
def phase() -> Phase:
    return phase_of(competition__slug="demo", slug="final", ranking_metric="total_loss")


def leaderboard(client: Client, query: str = "") -> Any:
    return client.get(f"{ROOT}/competitions/demo/phases/final/leaderboard{query}")


def test_competitions_are_listed_with_their_phases(phase: Phase, client: Client) -> None:
    answer = client.get(f"{ROOT}/competitions").json()
    assert [(row["slug"], row["phases"]) for row in answer["competitions"]] == [("demo", ["final"])]


def test_drafts_are_not_listed_and_not_found(phase: Phase, client: Client) -> None:
    phase.competition.is_published = False
    phase.competition.save()
    assert client.get(f"{ROOT}/competitions").json()["total"] == 0
    assert client.get(f"{ROOT}/competitions/demo").status_code == 404


def test_a_competition_names_the_protocol_and_dataset_of_its_phases(
    phase: Phase, client: Client
) -> None:
    (answer,) = client.get(f"{ROOT}/competitions/demo").json()["phases"]
    assert answer["protocol_digest"] == phase.protocol_digest
    assert answer["dataset"]["digest"] == phase.dataset.digest
    assert "folder" not in answer["dataset"]


def test_the_leaderboard_gives_rank_names_scores_and_provenance(
    phase: Phase, client: Client
) -> None:
    evaluation = scored(phase, name="Mosaic", total_loss=2.0, fid=8.0)
    answer = leaderboard(client).json()
    (row,) = answer["rows"]
    assert (row["rank"], row["name"], row["entry"]) == (1, "Mosaic", str(evaluation.submission_id))
    assert row["participant"] == evaluation.submission.participant.public_name
    assert row["scores"]["fid"] == {"value": 8.0, "low": 7.2, "high": 8.0, "n": 6}
    assert answer["provenance"]["dataset_digest"] == phase.dataset.digest


def test_the_leaderboard_is_sorted_and_searched(phase: Phase, client: Client) -> None:
    for name, fid in (("Mosaic A", 1.0), ("Mosaic B", 2.0), ("Impasto", 3.0)):
        scored(phase, name=name, total_loss=1.0, fid=fid)
    answer = leaderboard(client, "?sort=fid&direction=descending&search=mosaic").json()
    assert [row["name"] for row in answer["rows"]] == ["Mosaic B", "Mosaic A"]


def test_a_client_that_walks_the_pages_sees_each_entry_once_and_stops(
    phase: Phase, client: Client
) -> None:
    expected = {str(scored(phase, total_loss=float(i)).submission_id) for i in range(5)}
    seen: list[str] = []
    page = 1
    while rows := leaderboard(client, f"?per_page=2&page={page}").json()["rows"]:
        seen += [row["entry"] for row in rows]
        page += 1
    assert (set(seen), len(seen), page) == (expected, 5, 4)


def test_the_number_of_queries_does_not_grow(phase: Phase, client: Client) -> None:
    scored(phase)
    leaderboard(client)
    standings.forget()  # as it is for many: the board has changed
    with CaptureQueriesContext(connection) as few:
        leaderboard(client)
    for _ in range(5):
        scored(phase)
    with CaptureQueriesContext(connection) as many:
        leaderboard(client)
    assert len(many) == len(few)


def test_a_hidden_board_is_refused_to_all_but_staff(phase: Phase, client: Client) -> None:
    phase.visibility = Visibility.HIDDEN
    phase.save()
    assert leaderboard(client).json()["code"] == "board.hidden"
    client.force_login(somebody(is_superuser=True))
    assert leaderboard(client).status_code == 200


# Every documented answer, by operation and status: a request that gets it.
REQUESTS = {
    ("/competitions", "200"): "/competitions",
    ("/competitions", "422"): "/competitions?page=0",
    ("/competitions/{slug}", "200"): "/competitions/demo",
    ("/competitions/{slug}", "404"): "/competitions/none",
    ("/competitions/{slug}/phases/{phase}/leaderboard", "200"): (
        "/competitions/demo/phases/final/leaderboard"
    ),
    ("/competitions/{slug}/phases/{phase}/leaderboard", "403"): (
        "/competitions/demo/phases/secret/leaderboard"
    ),
    ("/competitions/{slug}/phases/{phase}/leaderboard", "404"): (
        "/competitions/demo/phases/none/leaderboard"
    ),
    ("/competitions/{slug}/phases/{phase}/leaderboard", "422"): (
        "/competitions/demo/phases/final/leaderboard?sort=beauty"
    ),
}
_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": type(None),
}


def model_of(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    """A strict type from an OpenAPI schema: what is not documented is not allowed."""
    if "$ref" in schema:
        return model_of(known[schema["$ref"].rsplit("/", 1)[-1]], known)
    if "anyOf" in schema:
        union = model_of(schema["anyOf"][0], known)
        for option in schema["anyOf"][1:]:
            union = union | model_of(option, known)
        return union
    if schema["type"] == "array":
        item: Any = model_of(schema["items"], known)
        return list[item]
    if schema["type"] != "object":
        return _TYPES[schema["type"]]
    if "properties" not in schema:
        value: Any = model_of(schema["additionalProperties"], known)
        return dict[str, value]
    required = set(schema.get("required", ()))
    fields: dict[str, Any] = {
        name: (model_of(part, known), ... if name in required else None)
        for name, part in schema["properties"].items()
    }
    config = ConfigDict(extra="forbid", strict=True)
    return create_model(schema["title"], __config__=config, **fields)


def documented(client: Client) -> dict[tuple[str, str], Any]:
    document = client.get(f"{ROOT}/openapi.json").json()
    known = document["components"]["schemas"]
    return {
        (path.removeprefix(ROOT), status): model_of(
            response["content"]["application/json"]["schema"], known
        )
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for status, response in operation["responses"].items()
    }


def test_every_documented_answer_is_given_and_is_as_documented(
    phase: Phase, client: Client
) -> None:
    scored(phase, total_loss=1.0, fid=2.0)
    phase_of(competition=phase.competition, slug="secret", visibility=Visibility.HIDDEN)
    answers = documented(client)
    assert set(answers) == set(REQUESTS)
    for (path, status), model in answers.items():
        response = client.get(ROOT + REQUESTS[path, status])
        assert str(response.status_code) == status, (path, status)
        TypeAdapter(model).validate_python(response.json())


@pytest.mark.parametrize(
    ("address", "model"),
    [
        ("/competitions", CompetitionsOut),
        ("/competitions/demo", CompetitionOut),
        ("/competitions/demo/phases/final/leaderboard", BoardDocument),
        ("/competitions/none", ErrorOut),
    ],
)
def test_answers_can_be_read_back_by_their_models(
    phase: Phase, client: Client, address: str, model: type[BaseModel]
) -> None:
    scored(phase)
    model.model_validate_json(client.get(ROOT + address).content)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?page=0", "page"),
        ("?per_page=1000", "per_page"),
        ("?direction=up", "direction"),
        ("?sort=beauty", "beauty"),
        ("?page=99999999999999999999", "page"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    phase: Phase, client: Client, query: str, said: str
) -> None:
    response = leaderboard(client, query)
    assert response.status_code == 422
    assert said in ErrorOut.model_validate_json(response.content).message


def test_nothing_can_be_written(phase: Phase, client: Client) -> None:
    assert client.post(f"{ROOT}/competitions").status_code == 405


def test_the_docs_page_takes_everything_from_this_site(client: Client) -> None:
    response = client.get(f"{ROOT}/docs")
    assert response.status_code == 200
    sources = re.findall(r'(?:src|href)="([^"]+)"', response.content.decode())
    assert sources
    assert all(source.startswith("/static/") for source in sources)
    assert not re.search(rb"<script>|<script type=.text/javascript|style=", response.content)
