"""``stylearena check``: exit codes, the sentence, the prediction, the warning of a lower rung."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer
from onnx import helper
from PIL import Image
from typer.testing import CliRunner

from evaluator.commands.check import _hints, _predict, check
from evaluator.errors import ParticipantError
from evaluator.sandbox import Rung, rungs
from tests.entries.making import archive, good_members, model, save

app = typer.Typer()
app.command()(check)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    root = tmp_path / "dataset"
    random = np.random.default_rng(5)
    for side in ("content", "style"):
        (root / side).mkdir(parents=True)
        for number in range(2):
            pixels = random.integers(0, 256, (80, 80, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / side / f"{side}{number}.png")
    (root / "dataset.toml").write_text(
        'name = "tiny"\nversion = "1"\ntitle = "Tiny"\nlicence = "CC0-1.0"\n'
    )
    return root


def test_a_good_entry_is_found_good(tmp_path: Path, dataset: Path) -> None:
    path = save(model(), tmp_path)

    done = CliRunner().invoke(app, [str(path), "--dataset", str(dataset), "--json"])

    found = json.loads(done.stdout)
    rung = rungs.best_rung().rung
    assert (done.exit_code, found["ok"], found["pairs"], found["rung"]) == (0, True, 4, rung)
    assert len(found["pair_seconds"]) == 2
    assert found["predicted_seconds"] > found["startup_seconds"]


def test_a_good_entry_is_shown_in_words(tmp_path: Path, dataset: Path) -> None:
    done = CliRunner().invoke(app, [str(save(model(), tmp_path)), "--dataset", str(dataset)])

    assert done.exit_code == 0
    assert "can be handed in" in done.stdout
    assert "for all 4 pairs" in done.stdout


def test_a_bad_entry_has_its_code_and_sentence(tmp_path: Path, dataset: Path) -> None:
    path = save(model(opset=9999), tmp_path)

    done = CliRunner().invoke(app, [str(path), "--dataset", str(dataset), "--json"])

    found = json.loads(done.stdout)
    assert (done.exit_code, found["ok"], found["code"]) == (2, False, "entry.onnx.opset")
    assert "9999" in found["error"]


def test_an_entry_that_fails_in_the_sandbox_is_bad(tmp_path: Path, dataset: Path) -> None:
    nodes = [
        helper.make_node("Neg", ["content"], ["n"]),
        helper.make_node("Log", ["n"], ["stylized"]),
    ]

    done = CliRunner().invoke(app, [str(save(model(nodes), tmp_path)), "--dataset", str(dataset)])

    assert isinstance(done.exception, ParticipantError)
    assert done.exception.code == "entry.not_finite"


def test_styles_that_an_entry_is_made_for_are_shown_and_compared(
    tmp_path: Path, dataset: Path
) -> None:
    members = dict(good_members())
    members["entry.toml"] += b'styles = ["style0", "starry-night"]\n'
    path = archive(tmp_path, members.items())

    shown = CliRunner().invoke(app, [str(path), "--dataset", str(dataset), "--json"])

    found = json.loads(shown.stdout)
    assert (shown.exit_code, found["styles"]) == (0, ["style0", "starry-night"])
    assert "'starry-night', which tiny does not have" in found["hints"][0]
    assert "it does not name 1 of those of tiny" in found["hints"][1]


@pytest.fixture
def weak_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(rungs, "why_not", lambda rung: "" if rung is Rung.PROCESS else "not here")
    rungs.best_rung.cache_clear()
    yield
    rungs.best_rung.cache_clear()


@pytest.mark.usefixtures("weak_sandbox")
def test_a_lower_rung_is_said_loudly(tmp_path: Path, dataset: Path) -> None:
    done = CliRunner().invoke(app, [str(save(model(), tmp_path)), "--dataset", str(dataset)])

    assert done.exit_code == 0
    assert "NO SANDBOX" in done.stdout
    assert "NO SANDBOX" in done.stderr


def test_the_prediction_counts_the_warm_up_once() -> None:
    assert _predict(2.0, (5.0, 1.0), 10) == pytest.approx(2 + 5 + 9)


def test_outputs_that_look_like_a_mistake_get_a_hint() -> None:
    flat = np.full((1, 8, 8, 3), 7, np.uint8)
    white = np.full((1, 8, 8, 3), 255, np.uint8)
    real = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3), dtype=np.uint8)

    assert ["flat" in _hints(flat)[0], "0..255" in _hints(white)[0], _hints(real)] == [
        True,
        True,
        [],
    ]
