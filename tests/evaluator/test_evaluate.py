"""Whole runs: real boxes, real scores; extremes, directions and what a run leaves behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from evaluator import evaluate
from evaluator.conclusion import RunInfo, conclude
from evaluator.datasets import Dataset, load_dataset
from evaluator.entry import Entry, open_entry
from evaluator.errors import OrganiserError, ParticipantError
from evaluator.evaluate import find_dataset, run_pairs
from evaluator.images import PicturePolicy, decode
from evaluator.metrics.catalogue import METRICS
from evaluator.report import Report
from evaluator.sandbox import Box
from evaluator.scoring import Scorer
from evaluator.shards import PairDone
from tests.evaluator.tiny import (
    blend,
    half_size,
    identity,
    python_entry,
    small_protocol,
    style_copy,
    tiny_dataset,
)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(small_protocol())


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("entries")
    return {
        "identity": identity(folder / "identity.onnx"),
        "blend": blend(folder / "blend.onnx", 0.5),
        "style copy": style_copy(folder / "style-copy.onnx"),
        "half size": half_size(folder / "half-size.onnx"),
    }


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("runs") / "tiny", contents=2, styles=3)


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A dataset in which each style is used once: outputs can equal the reference set."""
    folder = tmp_path_factory.mktemp("runs") / "matched"
    tiny_dataset(folder, contents=8, styles=8)
    lines = [f"c{index},s{index}" for index in range(8)]
    (folder / "pairs.csv").write_text("\n".join(["content,style", *lines]) + "\n")
    return load_dataset(folder)


@pytest.fixture(scope="module")
def reports(dataset: Dataset, scorer: Scorer, entries: dict[str, Path]) -> dict[str, Report]:
    return {
        name: evaluate(entries[name], dataset, scorer=scorer)
        for name in ("identity", "blend", "style copy")
    }


@pytest.fixture
def opened(tmp_path: Path, entries: dict[str, Path]) -> Callable[[str], Entry]:
    def open_named(name: str) -> Entry:
        (tmp_path / name).mkdir()
        return open_entry(entries[name], tmp_path / name)

    return open_named


def column(report: Report, metric: str) -> list[float]:
    return [pair.values[metric] for pair in report.pairs]


def test_identity_keeps_the_content_and_has_the_worst_style(reports: dict[str, Report]) -> None:
    assert column(reports["identity"], "content_loss") == [0.0] * 6
    for other in ("blend", "style copy"):
        assert reports["identity"].overall["style_loss"].value > (
            reports[other].overall["style_loss"].value
        )


def test_style_copy_takes_the_style_and_has_the_worst_content(reports: dict[str, Report]) -> None:
    assert column(reports["style copy"], "style_loss") == pytest.approx([0.0] * 6, abs=1e-12)
    for other in ("blend", "identity"):
        assert reports["style copy"].overall["content_loss"].value > (
            reports[other].overall["content_loss"].value
        )


@pytest.mark.parametrize("metric", ["content_loss", "content_mse", "content_rmse"])
def test_content_metrics_grow_on_the_way_to_the_style(
    reports: dict[str, Report], metric: str
) -> None:
    near, half, far = (reports[name].overall[metric].value for name in reports)

    assert METRICS[metric].lower_is_better
    assert near < half < far


@pytest.mark.parametrize("metric", ["style_loss", "style_mse", "style_rmse"])
def test_style_metrics_fall_on_the_way_to_the_style(
    reports: dict[str, Report], metric: str
) -> None:
    near, half, far = (reports[name].overall[metric].value for name in reports)

    assert METRICS[metric].lower_is_better
    assert near > half > far


def test_fid_of_the_reference_set_with_itself_is_zero(
    matched: Dataset, scorer: Scorer, entries: dict[str, Path]
) -> None:
    copy = evaluate(entries["style copy"], matched, scorer=scorer)
    kept = evaluate(entries["identity"], matched, scorer=scorer)

    assert copy.overall["fid"].value == pytest.approx(0.0, abs=1e-3)
    assert kept.overall["fid"].value > 0.01
    assert METRICS["fid"].lower_is_better


def test_fid_is_refused_below_its_minimum(reports: dict[str, Report]) -> None:
    assert "fid" not in reports["blend"].overall
    assert "at least 8 pairs" in reports["blend"].refused["fid"]


def test_shards_give_the_numbers_of_the_whole_run(
    dataset: Dataset,
    scorer: Scorer,
    reports: dict[str, Report],
    opened: Callable[[str], Entry],
) -> None:
    entry = opened("blend")
    shards = [
        run_pairs(entry, dataset, part, scorer) for part in (dataset.pairs[4:], dataset.pairs[:4])
    ]

    run = RunInfo(sandbox_rung="bubblewrap", total_seconds=1.0)
    report = conclude(shards, dataset, scorer, entry=entry.info(), run=run)

    assert report.overall == reports["blend"].overall
    assert [pair.values for pair in report.pairs] == [
        pair.values for pair in reports["blend"].pairs
    ]


def test_the_next_pair_is_sent_before_this_one_is_scored(
    dataset: Dataset,
    scorer: Scorer,
    opened: Callable[[str], Entry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[str] = []
    send, score = Box.send, Scorer.score
    monkeypatch.setattr(Box, "send", lambda *given: (events.append("send"), send(*given))[1])
    monkeypatch.setattr(Scorer, "score", lambda *given: (events.append("score"), score(*given))[1])

    run_pairs(opened("identity"), dataset, dataset.pairs[:3], scorer)

    assert events == ["send", "send", "score", "send", "score", "score"]


def test_each_finished_pair_is_told_with_its_picture(
    dataset: Dataset, scorer: Scorer, opened: Callable[[str], Entry]
) -> None:
    told: list[PairDone] = []

    result = run_pairs(opened("identity"), dataset, dataset.pairs[:2], scorer, on_pair=told.append)

    assert [(done.index, done.total, done.pair) for done in told] == [
        (0, 2, dataset.pairs[0]),
        (1, 2, dataset.pairs[1]),
    ]
    content = dataset.content.by_id(told[0].pair.content)
    assert np.array_equal(told[0].pixels, decode(content.path, scorer.protocol.pictures))
    assert result.seconds.tolist() == [done.seconds for done in told]


def test_a_raising_listener_stops_the_run_and_leaves_no_process(
    dataset: Dataset, scorer: Scorer, opened: Callable[[str], Entry]
) -> None:
    told: list[PairDone] = []

    def stop(done: PairDone) -> None:
        told.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_pairs(opened("identity"), dataset, dataset.pairs, scorer, on_pair=stop)

    assert len(told) == 1
    assert psutil.Process().children(recursive=True) == []


def test_an_entry_that_fails_in_its_box_is_the_participants_error(
    dataset: Dataset, scorer: Scorer, opened: Callable[[str], Entry]
) -> None:
    with pytest.raises(ParticipantError) as caught:
        run_pairs(opened("half size"), dataset, dataset.pairs, scorer)

    assert caught.value.code == "entry.wrong_shape"
    assert psutil.Process().children(recursive=True) == []


def test_a_failure_in_the_middle_is_told_with_its_pair(
    dataset: Dataset, scorer: Scorer, tmp_path: Path
) -> None:
    third = """
calls = []
def load(device):
    def stylize(content, style):
        calls.append(1)
        return content / (0 if len(calls) == 3 else 1)
    return stylize
"""
    entry = python_entry(tmp_path / "third.zip", third)
    with pytest.raises(ParticipantError, match=f"^{dataset.pairs[2].id}: .*NaN"):
        evaluate(entry, dataset, scorer=scorer)


def test_a_run_without_pairs_is_refused(
    dataset: Dataset, scorer: Scorer, opened: Callable[[str], Entry]
) -> None:
    with pytest.raises(OrganiserError) as caught:
        run_pairs(opened("identity"), dataset, (), scorer)

    assert caught.value.code == "dataset.no_pairs"


def test_provenance_and_timings_say_how_the_run_went(
    reports: dict[str, Report], dataset: Dataset
) -> None:
    report = reports["blend"]

    assert report.provenance.dataset_digest == dataset.digest
    assert report.provenance.protocol == "small"
    assert report.provenance.device == "cpu"
    assert report.timings.startup_seconds > 0
    assert report.timings.total_seconds > sum(pair.seconds for pair in report.pairs) / 2
    assert report.timings.stylize_seconds == pytest.approx(
        np.median([pair.seconds for pair in report.pairs])
    )


def test_a_lower_rung_is_named_in_the_report(
    dataset: Dataset, scorer: Scorer, entries: dict[str, Path]
) -> None:
    from evaluator.sandbox import Rung

    report = evaluate(entries["identity"], dataset, scorer=scorer, rung=Rung.PROCESS)

    assert report.provenance.sandbox_rung == "process"
    assert any("reduced sandbox (process)" in notice for notice in report.notices)


def test_a_slow_entry_may_be_given_longer(dataset: Dataset, scorer: Scorer, tmp_path: Path) -> None:
    slow = python_entry(
        tmp_path / "slow.zip",
        "import time\ndef load(device):\n    return lambda c, s: time.sleep(2) or c\n",
    )

    with pytest.raises(ParticipantError) as caught:
        evaluate(slow, dataset, scorer=scorer, pair_seconds=1)
    report = evaluate(slow, dataset, scorer=scorer, out=tmp_path / "out", pair_seconds=90)

    assert caught.value.code == "entry.pair_timeout"
    assert "The entry was given 90 seconds for one pair; a site may give it less." in report.notices
    assert "--pair-seconds 90" in (tmp_path / "out" / "report.html").read_text()


def test_a_run_leaves_report_page_and_pictures(
    dataset: Dataset, scorer: Scorer, entries: dict[str, Path], tmp_path: Path
) -> None:
    report = evaluate(entries["identity"], dataset, scorer=scorer, out=tmp_path / "a" / "out")

    out = tmp_path / "a" / "out"
    assert sorted(path.name for path in out.iterdir()) == ["outputs", "report.html", "report.json"]
    assert Report.load(out / "report.json") == report
    assert {path.stem for path in (out / "outputs").iterdir()} == {p.id for p in dataset.pairs}
    first = dataset.pairs[0]
    kept = decode(out / "outputs" / f"{first.id}.png", PicturePolicy(size=None))
    content = decode(dataset.content.by_id(first.content).path, scorer.protocol.pictures)
    assert np.array_equal(kept, content)
    assert f"stylearena evaluate {entries['identity']} " in (out / "report.html").read_text()


def test_a_failed_run_leaves_earlier_results_as_they_were(
    dataset: Dataset, scorer: Scorer, entries: dict[str, Path], tmp_path: Path
) -> None:
    evaluate(entries["blend"], dataset, scorer=scorer, out=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    with pytest.raises(ParticipantError):
        evaluate(entries["half size"], dataset, scorer=scorer, out=tmp_path)

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "outputs",
        "report.html",
        "report.json",
    ]


def test_results_that_cannot_be_written_are_refused_before_the_run(
    dataset: Dataset, scorer: Scorer, entries: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    told: list[PairDone] = []

    with pytest.raises(ParticipantError) as caught:
        evaluate(
            entries["identity"],
            dataset,
            scorer=scorer,
            out=tmp_path / "file" / "out",
            on_pair=told.append,
        )

    assert caught.value.code == "out.unwritable"
    assert told == []


def test_a_folder_is_found_as_a_dataset(dataset: Dataset) -> None:
    assert find_dataset(str(dataset.root)) == dataset
    assert find_dataset(dataset) is dataset


@pytest.mark.slow
def test_the_demo_has_its_extremes_where_they_belong(entries: dict[str, Path]) -> None:
    scorer = Scorer(small_protocol())

    kept = evaluate(entries["identity"], "demo", scorer=scorer)
    copied = evaluate(entries["style copy"], "demo", scorer=scorer)

    assert kept.overall["content_loss"].value == 0
    assert copied.overall["style_loss"].value == pytest.approx(0, abs=1e-12)
    assert copied.overall["content_loss"].value > 0
    assert kept.overall["style_loss"].value > 0
    assert copied.overall["fid"].value < kept.overall["fid"].value
