"""An entry's page, its report and its pictures: what they show, and to whom."""

import io
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from evaluator.metrics.catalogue import metric_info
from evaluator.report import FamilyScores, Report, Score, Timings
from stylearena.competitions.models import Dataset, Phase, Visibility
from stylearena.demo.installation import free_port
from stylearena.judging import services
from stylearena.judging.models import Evaluation, Lane
from stylearena.judging.services import rescoring
from stylearena.leaderboards import standings
from stylearena.leaderboards.presentation import mixed
from stylearena.leaderboards.reports import without_pairs
from stylearena.leaderboards.sight import sight_of_entry
from stylearena.leaderboards.styles import heat
from stylearena.leaderboards.templatetags.boards import seconds, web_address
from tests.web.board_rows import (
    entry_url,
    exhibited,
    page_text,
    phase_of,
    phase_with_pictures,
    picture_url,
    scored,
    somebody,
)
from tests.web.factories import DatasetFactory

pytestmark = pytest.mark.django_db
PAIR = "content-0__style-1"


@pytest.fixture
def shown(tmp_path: Path) -> Evaluation:
    """An entry of a phase that shows its pictures."""
    return exhibited(phase_with_pictures(tmp_path / "open"), name="Pointillist")


@pytest.fixture
def held_out(tmp_path: Path) -> Evaluation:
    """An entry of a phase that shows its scores only, on pictures that are not public."""
    phase = phase_with_pictures(tmp_path / "held", visibility=Visibility.SCORES)
    return exhibited(phase, name="Pointillist")


def report_url(evaluation: Evaluation) -> str:
    return reverse("leaderboards:report", args=(evaluation.submission_id,))


def output_url(evaluation: Evaluation) -> str:
    return picture_url(evaluation.submission_id, PAIR, "output", "png")


def test_the_page_shows_scores_styles_resources_and_provenance(
    shown: Evaluation, client: Client
) -> None:
    page = page_text(client.get(entry_url(shown)))
    expected = ("3.750", "3.50 – 4.00", "family of style-0", "21.3 ms", "1 min 15 s", "300.0")
    for text in (*expected, "FID needs at least 96 pairs", shown.dataset.digest, "bubblewrap"):
        assert text in page


def test_the_gallery_shows_three_lazy_pictures_a_pair(shown: Evaluation, client: Client) -> None:
    page = page_text(client.get(entry_url(shown)))
    assert page.count("data-compare") == 6
    assert page.count('class="compare__picture') == page.count('" width="256" height="256" load')
    assert page.count('class="compare__picture') == 18


def test_the_gallery_can_show_one_style(shown: Evaluation, client: Client) -> None:
    page = page_text(client.get(entry_url(shown, "?style=style-1")))
    assert page.count("data-compare") == 3
    assert "content-0__style-0" not in page.split('class="works"')[1]


def test_the_page_has_no_inline_style_or_script(shown: Evaluation, client: Client) -> None:
    page = page_text(client.get(entry_url(shown)))
    assert " style=" not in page
    assert "<style" not in page


def test_the_page_leads_to_its_neighbours_on_the_board(shown: Evaluation, client: Client) -> None:
    phase = shown.submission.phase
    below = scored(phase, total_loss=2.0)
    above = scored(phase, total_loss=0.5)
    page = page_text(client.get(entry_url(shown)))
    assert f'rel="prev" href="{entry_url(above)}"' in page
    assert f'rel="next" href="{entry_url(below)}"' in page
    assert "of 3 entries" in page


def test_an_entry_its_author_has_bettered_says_that_it_is_off_the_board(
    shown: Evaluation, client: Client
) -> None:
    submission = shown.submission
    scored(submission.phase, participant=submission.participant, total_loss=0.1)
    assert "Not on the board" in page_text(client.get(entry_url(shown)))


def test_the_number_of_queries_does_not_grow_with_the_board(
    shown: Evaluation, client: Client
) -> None:
    scored(shown.submission.phase, total_loss=2.0)
    client.get(entry_url(shown))
    standings.forget()  # as it is for many: the board has changed
    with CaptureQueriesContext(connection) as few:
        client.get(entry_url(shown))
    for _ in range(10):
        scored(shown.submission.phase, total_loss=2.0)
    with CaptureQueriesContext(connection) as many:
        client.get(entry_url(shown))
    assert len(many) == len(few)


def test_an_entry_that_was_never_scored_has_no_page(client: Client) -> None:
    evaluation = scored(phase_of(), promoted=False)
    assert client.get(entry_url(evaluation)).status_code == 404


def test_pictures_are_served_as_the_judge_saw_them(shown: Evaluation, client: Client) -> None:
    response = client.get(picture_url(shown.submission_id, PAIR, "content"))
    assert response["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(response.content)).size == (256, 256)
    assert "public" in response["Cache-Control"]


def test_each_role_has_its_own_picture(shown: Evaluation, client: Client) -> None:
    entry = shown.submission_id
    roles = ("content", "style", "output")
    bodies = {client.get(picture_url(entry, PAIR, role)).content for role in roles}
    assert len(bodies) == 3
    assert client.get(output_url(shown))["Content-Type"] == "image/png"


def test_a_picture_known_to_the_browser_is_not_sent_again(
    shown: Evaluation, client: Client
) -> None:
    etag = client.get(output_url(shown))["ETag"]
    again = client.get(output_url(shown), headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_picture_whose_file_is_gone_is_not_found(shown: Evaluation, client: Client) -> None:
    kept = shown.gallery.get(pair=PAIR)
    kept.picture.storage.delete(kept.picture.name)
    assert client.get(output_url(shown)).status_code == 404
    assert client.get(picture_url(shown.submission_id, PAIR, "content")).status_code == 200


def test_pictures_and_page_are_there_while_the_cache_is_not(
    shown: Evaluation, client: Client, settings: Settings
) -> None:
    redis = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = settings.CACHES | {
        "default": {"BACKEND": redis, "LOCATION": f"redis://127.0.0.1:{free_port()}/0"}
    }
    for url in (picture_url(shown.submission_id, PAIR, "content"), output_url(shown)):
        assert client.get(url).status_code == 200
    assert client.get(f"/entries/{shown.submission_id}/").status_code == 200


@pytest.mark.parametrize(
    "pair", ["content-0__style-9", "..", "..%2F..%2Fetc%2Fpasswd", "content-0", "%00"]
)
def test_addresses_name_kept_pairs_only(shown: Evaluation, client: Client, pair: str) -> None:
    address = entry_url(shown) + f"pictures/{pair}/content.jpeg"
    assert client.get(address).status_code == 404


def test_a_pair_of_another_entry_is_not_reached(shown: Evaluation, client: Client) -> None:
    other = scored(shown.submission.phase)
    assert client.get(output_url(other)).status_code == 404


@dataclass(frozen=True)
class Answers:
    page: int
    scores: bool
    picture: int
    report: int
    pairs: int


def answers(client: Client, evaluation: Evaluation) -> Answers:
    """What a client gets to see of an entry, address by address."""
    page = client.get(entry_url(evaluation))
    report = client.get(report_url(evaluation))
    pairs = len(Report.model_validate_json(report.content).pairs) if report.status_code < 400 else 0
    return Answers(
        page=page.status_code,
        scores=b"3.750" in page.content,
        picture=client.get(output_url(evaluation)).status_code,
        report=report.status_code,
        pairs=pairs,
    )


def test_an_open_phase_shows_everything_to_everybody(shown: Evaluation, client: Client) -> None:
    assert answers(client, shown) == Answers(200, scores=True, picture=200, report=200, pairs=6)


def test_held_out_pictures_are_shown_to_organisers_alone(
    held_out: Evaluation, client: Client
) -> None:
    expected = Answers(200, scores=True, picture=404, report=404, pairs=0)
    assert answers(client, held_out) == expected
    client.force_login(somebody())
    assert answers(client, held_out) == expected
    client.force_login(somebody(is_staff=True))
    assert answers(client, held_out) == expected
    client.force_login(held_out.submission.phase.competition.organiser)
    assert answers(client, held_out) == Answers(200, scores=True, picture=200, report=200, pairs=6)


def test_the_author_gets_a_held_out_report_without_pairs(
    held_out: Evaluation, client: Client
) -> None:
    client.force_login(held_out.submission.participant)
    expected = Answers(200, scores=True, picture=404, report=200, pairs=0)
    assert answers(client, held_out) == expected


def test_superusers_see_what_is_held_out(held_out: Evaluation, client: Client) -> None:
    client.force_login(somebody(is_superuser=True))
    assert answers(client, held_out) == Answers(200, scores=True, picture=200, report=200, pairs=6)


def test_pictures_only_some_may_see_are_kept_from_shared_caches(
    held_out: Evaluation, client: Client
) -> None:
    client.force_login(somebody(is_superuser=True))
    assert "private" in client.get(output_url(held_out))["Cache-Control"]


def test_the_author_sees_the_pictures_of_a_public_dataset(tmp_path: Path, client: Client) -> None:
    phase = phase_with_pictures(tmp_path / "d", visibility=Visibility.SCORES, is_public=True)
    entry = exhibited(phase)
    assert client.get(output_url(entry)).status_code == 404
    client.force_login(entry.submission.participant)
    assert client.get(output_url(entry)).status_code == 200


def failed_in_a_rescore(evaluation: Evaluation) -> None:
    """The phase goes on to a public dataset, which the entry fails under: its old scores stay."""
    phase = evaluation.submission.phase
    terms = {"dataset": DatasetFactory(is_public=True), "protocol": phase.protocol}
    organiser = phase.competition.organiser
    rescore = rescoring.start(phase, by=organiser, **terms)
    lease = services.claim_next([Lane.RESCORE], worker="worker-1")
    services.fail(lease, "entry.crashed", "It crashed.")
    rescoring.promote(rescore, by=organiser)


def test_scores_on_held_out_pictures_stay_held_out_when_the_phase_goes_on_to_public_ones(
    held_out: Evaluation, client: Client
) -> None:
    failed_in_a_rescore(held_out)
    phase = Phase.objects.get()
    assert phase.dataset.is_public
    author = held_out.submission.participant
    assert not sight_of_entry(held_out, author).exact
    client.force_login(author)
    expected = Answers(200, scores=True, picture=404, report=200, pairs=0)
    assert answers(client, held_out) == expected


def test_an_open_phase_shows_no_pictures_of_a_dataset_that_is_hidden_since(
    shown: Evaluation, client: Client
) -> None:
    """An entry that failed in a re-score stands on pictures that are the phase's no more."""
    failed_in_a_rescore(shown)
    Dataset.objects.filter(pk=shown.dataset_id).update(is_public=False)
    assert answers(client, shown) == Answers(200, scores=True, picture=404, report=404, pairs=0)


def test_an_entry_of_a_hidden_phase_is_its_authors_without_scores(
    held_out: Evaluation, client: Client
) -> None:
    phase = held_out.submission.phase
    phase.visibility = Visibility.HIDDEN
    phase.save()
    nothing = Answers(404, scores=False, picture=404, report=404, pairs=0)
    assert answers(client, held_out) == nothing
    client.force_login(held_out.submission.participant)
    assert answers(client, held_out) == Answers(200, scores=False, picture=404, report=404, pairs=0)


def test_the_scores_of_a_hidden_phase_appear_when_it_closes(
    held_out: Evaluation, client: Client
) -> None:
    phase = held_out.submission.phase
    phase.visibility, phase.closes_at = Visibility.HIDDEN, timezone.now() - timedelta(minutes=1)
    phase.save()
    assert answers(client, held_out) == Answers(200, scores=True, picture=404, report=404, pairs=0)


def test_an_entry_of_a_draft_is_not_public(shown: Evaluation, client: Client) -> None:
    competition = shown.submission.phase.competition
    competition.is_published = False
    competition.save()
    assert answers(client, shown) == Answers(404, scores=False, picture=404, report=404, pairs=0)
    assert not sight_of_entry(shown, competition.organiser).is_public


def test_a_report_without_pairs_keeps_nothing_that_gives_one_away(shown: Evaluation) -> None:
    report = stored_report(shown)
    safe = without_pairs(report)
    assert (safe.pairs, safe.replicates) == ([], {})
    assert safe.styles == report.styles
    assert safe.overall == report.overall


def test_styles_go_with_the_one_that_a_single_pair_has(shown: Evaluation) -> None:
    """It would be the difference between the overall mean and the styles that are left."""
    report = stored_report(shown)
    lone = report.styles[0].model_copy(update={"style": "lone", "n": 1})
    family = FamilyScores(family="lone", n=1, scores={"content_loss": 1.0})
    few = report.model_copy(update={"styles": [*report.styles, lone], "families": [family]})
    assert (without_pairs(few).styles, without_pairs(few).families) == ([], [])


def test_held_out_numbers_have_the_digits_that_are_printed(
    held_out: Evaluation, client: Client
) -> None:
    exact = stored_report(held_out)
    odd = 1 / 3
    timings = exact.timings.model_copy(
        update={
            "total_seconds": 71.234,
            "startup_seconds": odd,
            "stylize_seconds": odd / 1000,
            "peak_memory_bytes": 123_456_789,
        }
    )
    scores = {"content_loss": Score(value=100 + odd, low=100 - odd, high=100 + odd, n=6)}
    styles = [s.model_copy(update={"scores": {"content_loss": 100 + odd}}) for s in exact.styles]
    made = exact.model_copy(update={"timings": timings, "overall": scores, "styles": styles})
    held_out.report.save("odd.json", ContentFile(made.model_dump_json().encode()))
    client.force_login(held_out.submission.participant)

    told = Report.model_validate_json(client.get(report_url(held_out)).content)

    assert told.overall["content_loss"] == Score(value=100.3, low=99.7, high=100.0, n=6)
    assert {style.scores["content_loss"] for style in told.styles} == {100.3}
    assert told.timings == Timings(
        total_seconds=71.0,
        startup_seconds=0.33,
        stylize_seconds=0.00033,
        peak_memory_bytes=120_000_000,
    )


def stored_report(evaluation: Evaluation) -> Report:
    with evaluation.report.open("rb") as file:
        return Report.model_validate_json(file.read())


def test_neighbours_in_the_gallery_differ_in_content_and_style(shown: Evaluation) -> None:
    first, second = mixed(list(shown.gallery.all()))[:2]
    assert first.content != second.content
    assert first.style != second.style


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0, 10.0, None], [0, 9, None]), ([2.0, 2.0], [0, 0]), ([None], [None]), ([], [])],
)
def test_heat_runs_from_the_best_to_the_worst(
    values: list[float | None], expected: list[int | None]
) -> None:
    assert heat(values, metric_info("total_loss")) == expected


@pytest.mark.parametrize(
    ("value", "text"), [(0.0213, "21.3 ms"), (1.0, "1 s"), (59.999, "60 s"), (125.0, "2 min 05 s")]
)
def test_durations_are_written_in_the_unit_they_are_read_in(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize("text", ["javascript:alert(1)", "data:text/html,x", "//x.org", ""])
def test_only_web_addresses_become_links(text: str) -> None:
    assert web_address(text) == ""
    assert web_address("https://arxiv.org/abs/1") == "https://arxiv.org/abs/1"
