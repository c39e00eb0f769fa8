"""The report page: complete, self-contained, and unmoved by hostile names."""

import base64
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from evaluator.commands.console import show_scores
from evaluator.datasets import Dataset
from evaluator.images import encode_png
from evaluator.presentation import number, size
from evaluator.protocols import protocol
from evaluator.report import FamilyScores, Report
from evaluator.report_gallery import choose
from evaluator.report_page import render_page
from evaluator.report_scatter import scatter
from tests.evaluator.tiny import report_of, tiny_dataset

OWN_NOTICE = "preview: not comparable with published numbers"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("page") / "tiny", contents=3, styles=3)


@pytest.fixture(scope="module")
def render(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Report], str]:
    outputs = tmp_path_factory.mktemp("outputs")
    picture = outputs / "every pair's.png"
    picture.write_bytes(encode_png(np.full((300, 400, 3), 128, np.uint8)))

    def page(report: Report) -> str:
        return render_page(
            report,
            dataset,
            protocol("untrained-1"),
            output=lambda _pair: picture,
            command="stylearena evaluate tiny.onnx --dataset 'my folder'",
        )

    return page


class Elements(HTMLParser):
    """Collects every element's name and attributes, and the text outside of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._silent = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._silent = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._silent else data

    def attributes(self, tag: str, name: str) -> list[str]:
        return [attrs[name] or "" for found, attrs in self.found if found == tag and name in attrs]


def test_the_page_shows_each_score_with_its_interval(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    report = report_of(dataset)

    text = Elements(render(report)).text

    for name in ("total_loss", "content_loss", "style_loss"):
        score = report.overall[name]
        assert score.low is not None
        assert score.high is not None
        assert number(score.value, 4) in text
        assert f"{number(score.low, 4)} – {number(score.high, 4)}" in text


def test_a_refused_metric_is_shown_with_its_reason(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    text = Elements(render(report_of(dataset))).text

    assert "refused: 9 pairs are too few for it; at least 128 are needed." in text


def test_notices_and_the_command_are_shown(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    report = report_of(dataset).model_copy(update={"notices": [OWN_NOTICE]})

    text = Elements(render(report)).text

    assert OWN_NOTICE in text
    assert "stylearena evaluate tiny.onnx --dataset 'my folder'" in text
    assert report.provenance.dataset_digest in text


def test_the_page_sends_nobody_to_a_package_index(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    report = report_of(dataset)

    text = Elements(render(report)).text

    assert "pip install" not in text
    assert f"StyleArena at version {report.provenance.evaluator_version}" in text


def test_a_hostile_name_is_text_and_nothing_else(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    hostile = "</title><script>alert(1)</script>{{ 7 * 7 }}\"'><img src=x onerror=alert(1)>"

    elements = Elements(render(report_of(dataset, name=hostile, training=hostile, authors=hostile)))

    assert len(elements.attributes("script", "src")) == 0
    assert [tag for tag, _ in elements.found].count("script") == 1
    assert not any(name.startswith("on") for _, attrs in elements.found for name in attrs)
    assert all(source.startswith("data:image/jpeg") for source in elements.attributes("img", "src"))
    assert "{{ 7 * 7 }}" in elements.text


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_only_web_addresses_become_links(
    dataset: Dataset, render: Callable[[Report], str], address: str
) -> None:
    report = report_of(dataset, code=address, paper="https://example.org/paper?a=1&b=2")

    elements = Elements(render(report))

    assert elements.attributes("a", "href") == ["https://example.org/paper?a=1&b=2"]
    assert address in elements.text


@pytest.mark.parametrize(
    ("training", "shown"),
    [
        pytest.param("900 steps", "900 steps", id="short"),
        pytest.param("steps " * 20, ("steps " * 20)[:-1], id="a row of its own"),
        pytest.param("crops and steps " * 20, ("crops and steps " * 20)[:-1], id="just fits"),
        pytest.param("wide strokes " * 30, "wide strokes " * 18 + "wide", id="words"),
        pytest.param("x" * 500, "x" * 240, id="one word"),
        pytest.param("A " + "x" * 500, "A " + "x" * 238, id="no word near"),
    ],
)
def test_a_long_story_is_folded_below_the_facts_and_whole(
    dataset: Dataset, render: Callable[[Report], str], training: str, shown: str
) -> None:
    training = training.strip()
    page = render(report_of(dataset, training=training))
    folded = re.search(r"<details><summary>(.*?)<span.*?</span></summary>(.*?)</details>", page)

    if training == shown:
        assert folded is None
        assert f"<dd>{shown}</dd>" in page
    else:
        assert folded
        assert folded[1] == shown
        assert folded[1] + folded[2] == training
    assert ('<div class="long"><dt>Training' in page) is (len(training) > 100)
    facts = page[page.index('class="card-fields"') : page.index("</dl>")]
    assert (facts.index("Training") > facts.index("Runtime")) is (len(training) > 100)


def test_a_long_list_of_styles_is_folded_too(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    page = render(report_of(dataset, styles=tuple(f"style-{n:03}" for n in range(60))))
    assert re.search(r"<dt>Made for the styles</dt><dd><details>.*style-059</details>", page)


def test_the_page_needs_nothing_beside_it(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    page = render(report_of(dataset))
    elements = Elements(page)

    assert elements.attributes("link", "href") == []
    assert "@import" not in page
    assert re.findall(r"url\(", page) == []


def test_thumbnails_are_small_and_keep_their_shape(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    sources = Elements(render(report_of(dataset))).attributes("img", "src")

    sizes = {
        Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).size
        for source in sources
    }

    assert sizes == {(256, 256), (256, 192)}


def test_the_gallery_holds_best_median_worst_and_one_pair_a_style(dataset: Dataset) -> None:
    report = report_of(dataset)
    totals = sorted(pair.values["total_loss"] for pair in report.pairs)

    extremes, samples = choose(report)

    assert [chosen.pair.values["total_loss"] for chosen in extremes] == [
        totals[0],
        totals[4],
        totals[8],
    ]
    assert [chosen.pair.style for chosen in samples] == ["s0", "s1", "s2"]


def test_a_report_of_one_pair_has_a_page(dataset: Dataset, render: Callable[[Report], str]) -> None:
    report = report_of(dataset)
    single = report.model_copy(update={"pairs": report.pairs[:1], "styles": report.styles[:1]})

    assert "1 pair\n" in Elements(render(single)).text


def test_each_style_column_is_shaded_from_its_best_to_its_worst(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    styles = Elements(render(report_of(dataset))).attributes("td", "style")

    assert {"--heat:0%", "--heat:100%"} <= set(styles)


def with_families(report: Report) -> Report:
    families = [
        FamilyScores(family=style.family, n=style.n, scores=style.scores) for style in report.styles
    ]
    return report.model_copy(update={"families": families})


def test_families_have_a_table_of_their_own(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    report = with_families(report_of(dataset))

    text = Elements(render(report)).text

    assert "By family" in text
    for family in report.families:
        assert number(family.scores["content_loss"], 4) in text.partition("By style")[0]


def test_a_single_family_needs_no_table(dataset: Dataset, render: Callable[[Report], str]) -> None:
    report = with_families(report_of(dataset))
    single = report.model_copy(update={"families": report.families[:1]})

    assert "By family" not in Elements(render(single)).text


def test_the_terminal_shows_the_leading_metrics_of_each_family(
    dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    report = with_families(report_of(dataset))

    show_scores(report)

    printed = capsys.readouterr().out
    for family in report.families:
        line = next(line for line in printed.splitlines() if line.startswith(family.family))
        assert line.split()[1:3] == ["3", number(family.scores["total_loss"], 4)]


def test_a_family_s_name_is_never_markup(
    dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    report = with_families(report_of(dataset))
    names = [f"[/x] [bold]{family.family}" for family in report.families]
    renamed = [
        family.model_copy(update={"family": name})
        for family, name in zip(report.families, names, strict=True)
    ]

    show_scores(report.model_copy(update={"families": renamed}))

    printed = capsys.readouterr().out
    assert all(name in printed for name in names)


def test_dots_lie_within_the_drawing_and_better_is_lower_left(dataset: Dataset) -> None:
    report = report_of(dataset)

    plot = scatter(report, ringed={report.pairs[0].pair})

    assert plot is not None
    assert all(0 <= dot.x <= 640 and 0 <= dot.y <= 340 for dot in plot.dots)
    assert [dot.ringed for dot in plot.dots] == [False] * 8 + [True]
    worst = max(report.pairs, key=lambda pair: pair.values["style_loss"])
    assert min(plot.dots, key=lambda dot: dot.y).label.startswith(f"{worst.content} in")


def many(report: Report, count: int) -> Report:
    """The report with so many pairs, ever worse."""
    pairs = [
        report.pairs[0].model_copy(
            update={"pair": f"p{i}", "values": {**report.pairs[0].values, "content_loss": i * 1.0}}
        )
        for i in range(count)
    ]
    return report.model_copy(update={"pairs": pairs})


def test_of_very_many_pairs_an_even_part_is_drawn_with_the_ringed_ones(dataset: Dataset) -> None:
    report = many(report_of(dataset), 5000)

    plot = scatter(report, ringed={"p4998", "p4999"})

    assert plot is not None
    assert plot.of == 5000
    assert 1000 < len(plot.dots) <= 2000
    assert sum(dot.ringed for dot in plot.dots) == 2
    middle = sorted(dot.x for dot in plot.dots)[len(plot.dots) // 2]
    assert middle == pytest.approx(max(dot.x for dot in plot.dots) / 2, rel=0.01)


def test_what_a_heavy_page_leaves_out_is_said(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    report = report_of(dataset)
    others = [report.pairs[0].model_copy(update={"pair": f"p{i}"}) for i in range(2500)]
    whole = report.model_copy(update={"pairs": [*report.pairs, *others]})
    text = Elements(render(whole)).text
    assert "of 2,509 pairs, evenly taken" in text
    assert "report.json has the values of each" in text


@pytest.mark.parametrize("exponent", range(-12, 3))
def test_every_size_of_loss_has_an_axis(dataset: Dataset, exponent: int) -> None:
    report = report_of(dataset)
    for digits in np.linspace(1, 10, 200):
        values = dict.fromkeys(("content_loss", "style_loss"), float(digits) * 10.0**exponent)
        pairs = [pair.model_copy(update={"values": values}) for pair in report.pairs[:2]]
        plot = scatter(report.model_copy(update={"pairs": pairs}), ringed=())
        assert plot is not None
        assert 2 <= len(plot.x_ticks) <= 8


def test_nobody_s_time_is_shown_for_pictures_handed_in(
    dataset: Dataset, render: Callable[[Report], str]
) -> None:
    report = report_of(dataset, runtime="pictures")
    assert "seconds" in Elements(render(report_of(dataset))).text
    assert "seconds" not in Elements(render(report)).text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (1.0, "1.000"),
        (0.012345, "0.01235"),
        (1.2e-7, "1.200e-7"),
        (1234.56, "1,235"),
        (12345.6, "12,350"),
        (3.2e12, "3.200e12"),
        (-0.5, "-0.5000"),
        (9999.9, "10,000"),
    ],
)
def test_numbers_keep_four_significant_digits(value: float, written: str) -> None:
    assert number(value, 4) == written


@pytest.mark.parametrize(
    ("count", "written"),
    [(12, "12 bytes"), (4096, "4.0 KiB"), (200 << 20, "200 MiB"), (5 << 30, "5.0 GiB")],
)
def test_sizes_are_written_in_binary_units(count: int, written: str) -> None:
    assert size(count) == written
