"""Published trained models, handed in as entries and judged on real pictures with real weights.

Needs the folder ``../shared`` (weights and pictures that are not ours to ship); skipped without.
"""

import functools
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from baselines.export import export_method
from baselines.networks.published import wrap_published
from baselines.registry import METHODS
from evaluator import evaluate
from evaluator.datasets import Dataset, load_dataset
from evaluator.protocols import protocol
from evaluator.report import Report
from evaluator.scoring import Scorer
from tests.conftest import RecordFigure
from tests.evaluator.trained_features import (
    INCEPTION,
    PICTURES,
    VGG,
    WEIGHTS,
    needs_trained_models,
    trained_protocol,
    weights_ref,
)

FEED_FORWARD = ("candy", "mosaic", "pointilism", "rain-princess", "udnie")
ENTRIES = (
    *(f"fast-neural-style-{style}" for style in FEED_FORWARD),
    "microast",
    "microast-python",
)
CONTENTS, STYLES = 4, ("francis-picabia-udnie", "vincent-van-gogh-the-starry-night")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), needs_trained_models]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, published = tmp_path_factory.mktemp("entries"), WEIGHTS / "entries"
    feed_forward = sorted((published / "fast_neural_style").glob("*.pth"))
    microast = sorted((published / "microast").glob("*.pth.tar"))
    paths = [
        *wrap_published("fast-neural-style", feed_forward, folder),
        *wrap_published("microast", microast, folder),
        *wrap_published("microast", microast, folder, runtime="python"),
    ]
    paths.append(export_method(METHODS["identity"], folder))
    return {path.stem: path for path in paths}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Photographs × paintings, with all other paintings as the style reference set."""
    return photographs_and_paintings(tmp_path_factory.mktemp("datasets") / "real", CONTENTS)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The same with one photograph, for what the number of pairs does not change."""
    return photographs_and_paintings(tmp_path_factory.mktemp("datasets") / "few", 1)


def photographs_and_paintings(folder: Path, count: int) -> Dataset:
    contents = sorted((PICTURES / "content").glob("*.jpg"))[:count]
    paintings = sorted((PICTURES / "style").glob("*.jpg"))
    shown = [path for path in paintings if path.stem in STYLES]
    for part, paths in (
        ("content", contents),
        ("style/paintings", shown),
        ("reference/paintings", [path for path in paintings if path not in shown]),
    ):
        (folder / part).mkdir(parents=True)
        for path in paths:
            shutil.copy(path, folder / part)
    (folder / "dataset.toml").write_text(
        'name = "real"\nversion = "1"\ntitle = "Photographs and paintings"\nlicence = "mixed"\n'
    )
    return load_dataset(folder)


@pytest.fixture(scope="module")
def untrained() -> Scorer:
    return Scorer(protocol("untrained-1"))


@pytest.fixture(scope="module")
def trained() -> Scorer:
    return Scorer(trained_protocol("trained-vgg", fid_minimum=8), weights_dir=WEIGHTS)


@pytest.fixture(scope="module")
def judge(archives: dict[str, Path], dataset: Dataset, trained: Scorer) -> Callable[[str], Report]:
    """Judges an entry with the trained features; each only once."""

    @functools.cache
    def once(name: str) -> Report:
        return evaluate(archives[name], dataset, scorer=trained)

    return once


@pytest.fixture(params=ENTRIES)
def judged(request: pytest.FixtureRequest, judge: Callable[[str], Report]) -> Report:
    return judge(request.param)


def assert_finite(report: Report, dataset: Dataset) -> None:
    assert [pair.pair for pair in report.pairs] == [pair.id for pair in dataset.pairs]
    values = [value for pair in report.pairs for value in pair.values.values()]
    values += [score.value for score in report.overall.values()]
    assert values
    assert all(math.isfinite(value) for value in values)


def test_real_weights_give_every_metric_a_finite_value(
    judged: Report, dataset: Dataset, record_figure: RecordFigure
) -> None:
    assert_finite(judged, dataset)
    assert not judged.refused
    assert judged.overall["fid"].value > 0
    assert judged.overall["content_loss"].value > 0
    for metric, unit in (("content_mse", "mse"), ("style_mse", "mse"), ("fid", "fid768")):
        name = judged.entry.name.lower().replace(" ", "-")
        figure = f"trained.{name}.{judged.entry.runtime}.{metric}"
        record_figure(figure, judged.overall[metric].value, unit)


def test_the_report_names_the_real_weights(judged: Report) -> None:
    assert judged.provenance.weights == {
        name: weights_ref(name).sha256 for name in (VGG, INCEPTION)
    }


def test_a_trained_model_leaves_the_content_which_identity_keeps(
    judged: Report, judge: Callable[[str], Report]
) -> None:
    assert judge("identity").overall["content_loss"].value == 0
    assert judged.overall["content_loss"].value > 0


@pytest.mark.parametrize("name", ENTRIES)
def test_the_untrained_protocol_gives_finite_values_and_refuses_fid_of_few_pairs(
    name: str, archives: dict[str, Path], few: Dataset, untrained: Scorer
) -> None:
    report = evaluate(archives[name], few, scorer=untrained)
    assert_finite(report, few)
    assert "64 pairs" in report.refused["fid"]


def test_microast_scores_the_same_as_onnx_and_as_python(
    judge: Callable[[str], Report], record_figure: RecordFigure
) -> None:
    onnx, python = (
        judge(name).overall["total_loss"].value for name in ("microast", "microast-python")
    )
    record_figure("trained.microast.python-vs-onnx", abs(onnx / python - 1), "relative")
    assert onnx == pytest.approx(python, rel=1e-2)  # outputs differ by a grey level here and there


def test_microast_is_nearer_to_the_style_than_the_content_is(
    judge: Callable[[str], Report],
) -> None:
    style_losses = [judge(name).overall["style_loss"].value for name in ("microast", "identity")]
    assert style_losses[0] < style_losses[1]


def test_fid_of_768_dimensions_is_refused_below_768_pairs(
    archives: dict[str, Path], few: Dataset
) -> None:
    scorer = Scorer(trained_protocol("trained-vgg-strict", fid_minimum=768), weights_dir=WEIGHTS)
    report = evaluate(archives["microast"], few, scorer=scorer)
    assert "768 pairs" in report.refused["fid"]
    assert "fid" not in report.overall
