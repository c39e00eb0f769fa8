"""The table: one row a method, and no figure that was not measured."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from baselines import results
from baselines.__main__ import app
from baselines.export import export_method
from baselines.export_trained import export_trained
from baselines.registry import METHODS, NAMES, TRAINED
from baselines.runs import WEIGHTS_FILE
from baselines.training.weights import load_weights
from evaluator.datasets import Dataset
from tests.baselines.training import smoke
from tests.evaluator.tiny import small_protocol, tiny_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is shipped, measured or written in the package itself."""
    monkeypatch.setattr("baselines.runs.SHIPPED", tmp_path / "weights")
    monkeypatch.setattr(results, "SHIPPED", tmp_path / "weights")
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(results, "README", tmp_path / "README.md")


def row(name: str) -> str:
    (found,) = [line for line in results.rows() if line.startswith(f"| `{name}`")]
    return found


def test_the_shipped_table_is_the_one_that_the_command_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    shipped = results.README.read_text("utf-8")
    assert shipped == results.HEAD + "".join(f"{line}\n" for line in results.rows())


def test_every_method_has_a_row_and_untrained_ones_say_so() -> None:
    for name in NAMES:
        assert results.UNMEASURED in row(name)
        assert (results.UNTRAINED in row(name)) == (name in TRAINED)


def test_shipped_weights_are_halved_and_tell_their_training(
    dataset: Dataset, tmp_path: Path
) -> None:
    smoke("johnson-all", dataset, tmp_path / "runs" / "johnson-all", steps=1)
    (path,) = results.ship_weights("johnson-all", tmp_path / "runs")
    _, origin = load_weights(path)
    told = (
        f"{origin.parameters:,} | 1 steps (preset smoke), 0.0 minutes, {origin.hardware}; ships |"
    )
    assert told in row("johnson-all")
    assert path.stat().st_size < 3 * origin.parameters + 20_000


def test_what_ships_with_the_package_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    sizes = [path.stat().st_size for path in results.SHIPPED.glob("*.safetensors")]
    assert sizes
    assert max(sizes) <= 2 << 20
    assert sum(sizes) <= 12 << 20


def test_what_ships_is_exported_whatever_was_trained_here(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smoke("johnson-all", dataset, tmp_path / "runs" / "johnson-all", steps=1)
    smoke("student", dataset, tmp_path / "runs" / "student", steps=1)
    (weights,) = results.ship_weights("student", tmp_path / "runs")
    monkeypatch.setattr("baselines.workflow.SHIPPED", weights.parent)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["export", "shipped", "--out", "entries"])
    assert result.exit_code == 0, result.output
    found = {path.stem for path in (tmp_path / "entries").glob("*.zip")}
    assert found == {*METHODS, "student"}


@pytest.mark.slow
def test_measured_scores_stand_in_the_table_with_their_intervals(
    dataset: Dataset, tmp_path: Path
) -> None:
    protocol = small_protocol()
    export_method(METHODS["identity"], tmp_path)
    lines = list(
        results.measure_entries(
            "identity",
            tmp_path,
            tmp_path / "runs",
            protocol=protocol.name,
            dataset=str(dataset.root),
        )
    )
    assert "content_loss 0 (0 – 0)" in lines[0]
    kept = json.loads((tmp_path / "results" / "identity.json").read_text())
    assert list(kept) == ["small on tiny 1"]
    assert "small on tiny 1: content_loss 0 (0 – 0)" in row("identity")
    assert results.UNMEASURED not in row("identity")


@pytest.mark.slow
def test_what_was_measured_but_does_not_ship_tells_its_training(
    dataset: Dataset, tmp_path: Path
) -> None:
    runs, protocol = tmp_path / "runs", small_protocol()
    smoke("johnson-all", dataset, runs / "johnson-all", steps=1)
    export_trained(runs / "johnson-all" / WEIGHTS_FILE, tmp_path)
    measured = results.measure_entries(
        "johnson-all", tmp_path, runs, protocol=protocol.name, dataset=str(dataset.root)
    )
    assert len(list(measured)) == 1
    told = row("johnson-all")
    assert "1 steps (preset smoke), 0.0 minutes, " in told
    assert "ships" not in told
    assert "small on tiny 1: content_loss " in told
