"""The list of competitions and the page of one, as visitors and organisers see them."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluator.datasets import load_dataset
from stylearena.accounts.models import User
from stylearena.competitions.models import Competition, Dataset, Phase, Visibility
from stylearena.competitions.pictures import samples_of
from stylearena.competitions.services import register_dataset
from tests.web.board_rows import page_text
from tests.web.factories import (
    CompetitionFactory,
    DatasetFactory,
    PhaseFactory,
    SubmissionFactory,
    UserFactory,
    write_dataset,
)

LIST = reverse("competitions:list")
NOW = timezone.now()


def page_of(competition: Competition) -> str:
    return reverse("competitions:detail", args=[competition.slug])


def form_of(phase: Phase) -> str:
    return reverse("submissions:new", args=[phase.competition.slug, phase.slug])


def real_dataset(folder: Path, *, is_public: bool = True) -> Dataset:
    found = load_dataset(write_dataset(folder, name=folder.name))
    return register_dataset(found, folder, is_public=is_public)


@pytest.mark.django_db
def test_an_empty_site_says_how_to_begin(client: Client) -> None:
    assert "manage.py import_competition" in page_text(client.get(LIST))


@pytest.mark.django_db
def test_the_list_shows_newest_first_with_phases_and_entries(client: Client) -> None:
    phase = PhaseFactory(competition__title="Older")
    SubmissionFactory.create_batch(2, phase=phase)
    PhaseFactory(competition=phase.competition)
    CompetitionFactory(title="Newer")
    page = page_text(client.get(LIST))
    assert page.index("Newer") < page.index("Older")
    assert "2 phases" in page
    assert "2 entries" in page


def test_a_draft_is_for_its_organisers_alone(client: Client, organiser: User) -> None:
    phase = PhaseFactory(competition__title="Secret", competition__is_published=False)
    for visitor in (None, UserFactory(), UserFactory(is_staff=True)):
        if visitor:
            client.force_login(visitor)
        assert "Secret" not in page_text(client.get(LIST))
        assert client.get(page_of(phase.competition)).status_code == 404
        assert visitor is None or client.get(form_of(phase)).status_code == 404
    for visitor in (phase.competition.organiser, organiser):
        client.force_login(visitor)
        assert "Draft" in page_text(client.get(LIST))
        assert "only organisers see this" in page_text(client.get(page_of(phase.competition)))


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        ("<script>alert(1)</script>", "alert(1)"),
        ("<img src=x onerror=alert(1)>", "onerror"),
        ("[here](javascript:alert(1))", "javascript:"),
        ("<a href='data:text/html,x'>here</a>", "data:text"),
        ("<iframe src='https://example.org'></iframe>", "<iframe"),
        ("<p style='position:fixed'>", "position:fixed"),
        ("<form action='/accounts/logout/' method='post'>", "action='/accounts/logout"),
        ("<div id='intruder' class='notice'>", "intruder"),
        ("<style>body{display:none}</style>", "display:none"),
        ("<svg onload=alert(1)>", "onload"),
        ("# One\n", "<h1>One"),
    ],
)
@pytest.mark.django_db
@pytest.mark.parametrize("field", ["description", "rules"])
def test_nothing_dangerous_comes_out_of_markdown(
    client: Client, text: str, forbidden: str, field: str
) -> None:
    competition = CompetitionFactory(**{field: f"Before.\n\n{text}\n\nAfter."})
    html = client.get(page_of(competition)).content.decode()
    assert forbidden not in html
    assert forbidden.replace("'", '"') not in html
    assert "Before." in html


@pytest.mark.django_db
def test_markdown_is_shown_with_tables_code_and_headings_below_the_pages_own(
    client: Client,
) -> None:
    text = "# A\n\n|a|b|\n|-|-|\n|1|2|\n\n```\nstylearena check\n```\n\n*very* <https://a.org>"
    html = client.get(page_of(CompetitionFactory(description=text))).content.decode()
    assert "<h2>A</h2>" in html
    assert "<td>1</td>" in html
    assert "<code>stylearena check" in html
    assert "<em>very</em>" in html
    assert 'rel="noopener noreferrer nofollow"' in html


@pytest.mark.django_db
def test_the_page_says_everything_that_binds_a_participant(client: Client) -> None:
    phase = PhaseFactory(
        title="Final",
        per_day=4,
        in_total=9,
        at_once=1,
        pair_seconds=12.5,
        wall_seconds=5400,
        memory_bytes=3 << 30,
        visibility=Visibility.HIDDEN,
        protocol="untrained-1",
    )
    page = page_text(client.get(page_of(phase.competition)))
    for words in (
        "4 a day, 1 at once, 9 in total",
        "at most 200 MiB",
        "3 GiB",
        "12.5 seconds",
        "90 minutes",
        "Nothing until the phase closes",
        "untrained-1",
        "not comparable with published numbers",
        "Ranked by Total loss",
        "3 contents × 2 styles, 6 pairs",
        "held out",
        f"{phase.closes_at:%H:%M} UTC",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    ("opens", "closes", "words", "takes_entries"),
    [
        (-1, None, "no closing date", True),
        (-1, 1, "until", True),
        (1, 2, "from", False),
        (-2, -1, "since", False),
    ],
)
@pytest.mark.django_db
def test_only_an_open_phase_offers_to_hand_in(
    client: Client, opens: int, closes: int | None, words: str, takes_entries: bool
) -> None:
    end = None if closes is None else NOW + timedelta(days=closes)
    phase = PhaseFactory(opens_at=NOW + timedelta(days=opens), closes_at=end)
    page = page_text(client.get(page_of(phase.competition)))
    assert (form_of(phase) in page) is takes_entries
    assert words in page


@pytest.mark.django_db
def test_sample_pictures_are_of_the_public_dataset_alone(client: Client, tmp_path: Path) -> None:
    smoke, held_out = (
        real_dataset(tmp_path / "open"),
        real_dataset(tmp_path / "held", is_public=False),
    )
    phase = PhaseFactory(smoke_dataset=smoke, dataset=held_out)
    html = client.get(page_of(phase.competition)).content.decode()
    assert held_out.digest not in html
    picture = reverse("competitions:picture", args=[smoke.digest, "content", "content-0"])
    assert picture in html
    response = client.get(picture)
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.content.startswith(b"\xff\xd8")
    assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_the_page_shows_pairs_that_are_really_painted(client: Client, tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "open", name="open")
    (folder / "pairs.csv").write_text(
        "content,style\ncontent-0,style-1\ncontent-0,style-0\ncontent-2,style-0\n"
    )
    dataset = register_dataset(load_dataset(folder), folder, is_public=True)
    page = client.get(page_of(PhaseFactory(smoke_dataset=dataset).competition))
    pairs = [(content.id, style.id) for content, style in page.context["view"].samples.pairs]
    assert sorted(pairs) == [
        ("content-0", "style-0"),
        ("content-0", "style-1"),
        ("content-2", "style-0"),
    ]
    assert page.content.decode().count('class="samples__pair"') == 3


@pytest.mark.django_db
def test_sample_pairs_repeat_a_picture_as_seldom_as_they_can(tmp_path: Path) -> None:
    pairs = samples_of(real_dataset(tmp_path / "open"), pairs=2).pairs
    assert len({content.id for content, _ in pairs}) == 2
    assert len({style.id for _, style in pairs}) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("picture", ["none", "..", "%2e%2e%2fdataset", "content-0.png"])
def test_a_picture_that_does_not_exist_is_not_found(
    client: Client, tmp_path: Path, picture: str
) -> None:
    dataset = real_dataset(tmp_path / "open")
    assert client.get(f"/datasets/{dataset.digest}/content/{picture}.jpg").status_code == 404


@pytest.mark.django_db
def test_a_dataset_that_has_gone_leaves_the_page_standing(
    client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    phase = PhaseFactory(smoke_dataset=real_dataset(tmp_path / "open"))
    shutil.rmtree(tmp_path / "open")
    response = client.get(page_of(phase.competition))
    assert response.status_code == 200
    assert "No samples" in caplog.text


@pytest.mark.django_db
def test_a_protocol_this_version_does_not_know_is_said_so(client: Client) -> None:
    phase = PhaseFactory(protocol="standard-99", protocol_digest="0" * 64)
    assert "does not know the protocol" in page_text(client.get(page_of(phase.competition)))


def more_rows(phase: Phase) -> None:
    for _ in range(3):
        PhaseFactory(competition=phase.competition, dataset=DatasetFactory())
        SubmissionFactory(phase=PhaseFactory())


@pytest.mark.django_db
def test_more_rows_cost_no_more_queries(client: Client) -> None:
    phase = PhaseFactory()
    for url in (LIST, page_of(phase.competition)):
        with CaptureQueriesContext(connection) as few:
            client.get(url)
        more_rows(phase)
        with CaptureQueriesContext(connection) as many:
            client.get(url)
        assert len(many) == len(few)


@pytest.mark.django_db
def test_pages_cannot_be_posted_to(client: Client) -> None:
    assert client.post(LIST).status_code == 405
