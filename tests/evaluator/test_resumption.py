"""Interrupted runs go on where they stopped, and only those."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluator import evaluate
from evaluator.datasets import Dataset
from evaluator.errors import OrganiserError, ParticipantError
from evaluator.report import Report
from evaluator.results import ResultsFolder
from evaluator.score_outputs import score_outputs
from evaluator.scoring import Scorer
from evaluator.shards import PairDone
from tests.evaluator.tiny import blend, half_size, identity, small_protocol, tiny_dataset


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(small_protocol())


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("runs") / "tiny", contents=2, styles=3)


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    return blend(tmp_path / "blend.onnx", 0.3)


def interrupted_after(count: int, entry: Path, dataset: Dataset, scorer: Scorer, out: Path) -> None:
    """A run that Ctrl-C stops once so many pairs are finished."""

    def stop(done: PairDone) -> None:
        if done.index + 1 == count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(entry, dataset, scorer=scorer, out=out, on_pair=stop)


def numbers(report: Report) -> object:
    """All but times and notices."""
    pairs = [pair.model_dump(exclude={"seconds"}) for pair in report.pairs]
    return report.overall, report.replicates, report.styles, pairs


@pytest.mark.parametrize("finished", [1, 4, 6])
def test_a_resumed_run_judges_the_rest_and_has_the_same_numbers(
    dataset: Dataset, scorer: Scorer, entry: Path, tmp_path: Path, finished: int
) -> None:
    whole = evaluate(entry, dataset, scorer=scorer)
    interrupted_after(finished, entry, dataset, scorer, tmp_path / "out")
    told: list[int] = []

    report = evaluate(
        *(entry, dataset),
        scorer=scorer,
        out=tmp_path / "out",
        on_pair=lambda done: told.append(done.index),
    )

    assert told == list(range(finished, len(dataset.pairs)))
    assert numbers(report) == numbers(whole)
    assert any(f"{finished} of 6 pairs" in notice for notice in report.notices)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "outputs",
        "report.html",
        "report.json",
    ]
    assert len(list((tmp_path / "out" / "outputs").iterdir())) == 6


@pytest.mark.parametrize(
    ("what", "other"),
    [("evaluator.images.decoder_version", lambda: "another"), ("evaluator.version.ENGINES", "0")],
)
def test_another_version_starts_anew(
    dataset: Dataset,
    scorer: Scorer,
    entry: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    what: str,
    other: object,
) -> None:
    interrupted_after(4, entry, dataset, scorer, tmp_path / "out")
    monkeypatch.setattr(what, other)
    told: list[int] = []
    evaluate(
        *(entry, dataset),
        scorer=scorer,
        out=tmp_path / "out",
        on_pair=lambda done: told.append(done.index),
    )
    assert told == list(range(len(dataset.pairs)))


def test_another_entry_starts_anew(
    dataset: Dataset, scorer: Scorer, entry: Path, tmp_path: Path
) -> None:
    interrupted_after(4, entry, dataset, scorer, tmp_path / "out")
    other = identity(tmp_path / "identity.onnx")
    report = evaluate(other, dataset, scorer=scorer, out=tmp_path / "out")
    assert report.overall["content_loss"].value == 0
    assert not any("resumed" in notice for notice in report.notices)


def test_a_pair_that_was_cut_short_is_judged_again(
    dataset: Dataset, scorer: Scorer, entry: Path, tmp_path: Path
) -> None:
    interrupted_after(3, entry, dataset, scorer, tmp_path / "out")
    scores = sorted((tmp_path / "out" / ".unfinished" / "scores").iterdir())
    scores[0].write_bytes(scores[0].read_bytes()[:100])
    report = evaluate(entry, dataset, scorer=scorer, out=tmp_path / "out")
    assert any("2 of 6 pairs" in notice for notice in report.notices)


def test_what_is_finished_outlives_a_command_that_was_misspelt(
    dataset: Dataset, scorer: Scorer, entry: Path, tmp_path: Path
) -> None:
    interrupted_after(4, entry, dataset, scorer, tmp_path / "out")
    with pytest.raises(OrganiserError):
        evaluate(entry, tmp_path / "nowhere", scorer=scorer, out=tmp_path / "out")
    report = evaluate(entry, dataset, scorer=scorer, out=tmp_path / "out")
    assert any("4 of 6 pairs" in notice for notice in report.notices)


def test_a_refused_entry_leaves_nothing_behind(
    dataset: Dataset, scorer: Scorer, tmp_path: Path
) -> None:
    with pytest.raises(ParticipantError):
        evaluate(half_size(tmp_path / "half.onnx"), dataset, scorer=scorer, out=tmp_path / "a/out")
    assert [path.name for path in tmp_path.iterdir()] == ["half.onnx"]


def test_a_refused_run_leaves_a_folder_that_was_there(
    dataset: Dataset, scorer: Scorer, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ParticipantError):
        evaluate(tmp_path / "nope.onnx", dataset, scorer=scorer, out=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_scored_outputs_are_never_taken_for_an_entry_s(
    dataset: Dataset, scorer: Scorer, entry: Path, tmp_path: Path
) -> None:
    evaluate(identity(tmp_path / "identity.onnx"), dataset, scorer=scorer, out=tmp_path / "made")
    interrupted_after(4, entry, dataset, scorer, tmp_path / "out")

    def stop(done: PairDone) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_outputs(tmp_path / "made", dataset, scorer=scorer, out=tmp_path / "out", on_pair=stop)
    report = evaluate(entry, dataset, scorer=scorer, out=tmp_path / "out")
    assert numbers(report) == numbers(evaluate(entry, dataset, scorer=scorer))


def test_two_runs_into_one_folder_are_refused(
    dataset: Dataset, scorer: Scorer, entry: Path, tmp_path: Path
) -> None:
    with ResultsFolder(tmp_path / "out"), pytest.raises(ParticipantError) as caught:
        evaluate(entry, dataset, scorer=scorer, out=tmp_path / "out")
    assert caught.value.code == "out.busy"
    shutil.rmtree(tmp_path / "out", ignore_errors=True)


def test_a_folder_that_could_not_be_entered_does_not_stay(tmp_path: Path) -> None:
    deep = tmp_path / "out"
    while (room := 4082 - len(str(deep))) > 1:  # a path has 4095: too few for what lies in it
        deep /= "n" * min(200, room - 1)
    with pytest.raises(ParticipantError, match="cannot be written") as caught, ResultsFolder(deep):
        pytest.fail("it was entered")
    assert caught.value.code == "out.unwritable"
    assert list(tmp_path.iterdir()) == []
