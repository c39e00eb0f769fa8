"""``stylearena metrics``, and what a report says of the costs of a run."""

from pathlib import Path

import pytest

from evaluator import cli
from evaluator.datasets import Dataset
from evaluator.metrics.catalogue import METRICS
from evaluator.metrics.pages import metric_page
from evaluator.presentation import costs
from tests.evaluator.tiny import report_of, tiny_dataset


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("data") / "tiny")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["stylearena", "metrics", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def test_the_table_holds_every_metric_with_its_range(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert METRICS.keys() <= lines.keys()
    assert "[−1, 1]" in lines["ssim"]
    assert "higher" in lines["ssim"]
    assert "Wang et al. 2004" in lines["ssim"]


def test_a_name_prints_the_whole_definition(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "cfsd") == 0
    shown = " ".join(capsys.readouterr().out.split())
    page = metric_page("cfsd")
    assert " ".join(page.definition.split()) in shown
    assert all(" ".join(pitfall.split()) in shown for pitfall in page.facts.pitfalls)


def test_an_unknown_name_is_one_sentence_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "beauty") == 2
    assert "There is no metric 'beauty'; known are total_loss" in capsys.readouterr().err


def test_pages_that_cannot_be_written_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    assert run(monkeypatch, "--write", str(tmp_path / "file")) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_costs_of_a_run_are_shown_for_information(dataset: Dataset) -> None:
    report = report_of(dataset)
    timings = report.timings.model_copy(update={"peak_memory_bytes": 512 << 20})
    shown = costs(report.model_copy(update={"timings": timings}))
    assert [(row.metric.name, row.value) for row in shown] == [
        ("stylize_seconds", "0.0100 s"),
        ("peak_memory", "512 MiB"),
    ]
    assert all((row.arrow, row.direction) == ("", "for information") for row in shown)
    assert not {row.metric.name for row in shown} & report.overall.keys()


def test_memory_that_was_not_measured_is_left_out(dataset: Dataset) -> None:
    report = report_of(dataset)
    timings = report.timings.model_copy(update={"peak_memory_bytes": None})
    shown = costs(report.model_copy(update={"timings": timings}))
    assert [row.metric.name for row in shown] == ["stylize_seconds"]


def test_ready_made_pictures_have_no_costs(dataset: Dataset) -> None:
    report = report_of(dataset)
    entry = report.entry.model_copy(update={"runtime": "pictures"})
    assert costs(report.model_copy(update={"entry": entry})) == []
