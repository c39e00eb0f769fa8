"""Every method that learns is trained, exported, checked and judged; seeds reproduce."""

import hashlib
import math
from pathlib import Path

import pytest

from baselines.export_trained import check_trained, export_trained
from baselines.methods import gatys
from baselines.registry import TRAINED
from baselines.training.settings import SMOKE_FEATURES
from evaluator import evaluate
from evaluator.datasets import Dataset
from evaluator.entry import open_entry
from evaluator.report import Report
from evaluator.scoring import Scorer
from tests.baselines.training import smoke
from tests.evaluator.tiny import small_protocol, tiny_dataset

TIED = {"johnson", "cyclegan", "fastcut"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"), contents=3, styles=3)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer(small_protocol())


def require_finite(report: Report) -> None:
    assert {"content_loss", "style_loss", "total_loss"} <= set(report.overall)
    assert all(math.isfinite(score.value) for score in report.overall.values())


@pytest.mark.parametrize("name", TRAINED)
def test_a_method_trains_exports_and_is_judged(
    name: str, dataset: Dataset, scorer: Scorer, tmp_path: Path
) -> None:
    weights = smoke(name, dataset, tmp_path / name)
    archive = export_trained(weights, tmp_path)
    manifest = open_entry(archive, tmp_path / "entry").manifest
    assert "3 steps" in manifest.training
    assert f"features of {SMOKE_FEATURES}" in manifest.training
    assert "the largest difference from PyTorch is" in manifest.training
    assert "Departures from the paper: " in manifest.training
    assert bool(manifest.styles) == (name in TIED)
    assert math.isfinite(check_trained(weights, tmp_path))
    assert list((tmp_path / name / "samples").glob("*.png"))
    require_finite(evaluate(archive, dataset, scorer=scorer))


@pytest.mark.parametrize("name", TRAINED)
def test_the_same_seed_gives_the_same_weights(name: str, dataset: Dataset, tmp_path: Path) -> None:
    runs = [smoke(name, dataset, tmp_path / f"turn-{turn}", grid_every=0) for turn in range(2)]
    logs = {(path.parent / "log.jsonl").read_text() for path in runs}
    assert len(logs) == 1
    assert len({tensors(path) for path in runs}) == 1


def tensors(path: Path) -> str:
    """A digest of the tensors of a safetensors file; its header tells minutes, which differ."""
    data = path.read_bytes()
    return hashlib.sha256(data[8 + int.from_bytes(data[:8], "little") :]).hexdigest()


def test_gatys_is_exported_and_judged(dataset: Dataset, scorer: Scorer, tmp_path: Path) -> None:
    settings = gatys.PRESETS["smoke"]
    archive = gatys.export_gatys(tmp_path, settings=settings, preset="smoke")
    assert gatys.check_gatys(archive, settings=settings) < 1
    require_finite(evaluate(archive, dataset, scorer=scorer))
