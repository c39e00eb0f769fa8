"""Where the baselines stand on a board of VGG-19's losses: the rungs, AdaIN, what ships, Gatys.

Real features and weights from ``../shared``; pictures at 128 pixels, for Gatys' sake. Orders are
those of ``stylearena compare``: the interval of the paired difference does not hold 0. Styles
differ by an order of magnitude in their losses, so that each score's own interval is wide.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from baselines.export import export_method
from baselines.export_trained import export_trained
from baselines.methods.gatys import GatysSettings, export_gatys
from baselines.networks.published import wrap_published
from baselines.registry import METHODS, TRAINED
from baselines.runs import SHIPPED
from evaluator import evaluate
from evaluator.datasets import Dataset
from evaluator.demo import demo_dataset
from evaluator.intervals import Difference, paired_difference
from evaluator.report import Report
from evaluator.scoring import Scorer
from tests.evaluator.demo_part import part_of_the_demo
from tests.evaluator.trained_features import (
    BETA,
    CONTENT_LAYER,
    STYLE_LAYERS,
    VGG,
    WEIGHTS,
    losses_protocol,
    needs_trained_models,
)

RUNGS = ("identity", "reinhard", "adain", "style-copy")
SHIPPED_WEIGHTS = sorted(SHIPPED.glob("*.safetensors"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), needs_trained_models]


@pytest.fixture(scope="module", autouse=True)
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEARENA_WEIGHTS_DIR", str(WEIGHTS))
        yield


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    protocol = losses_protocol("trained-vgg-128", replicates=1000, size=128)
    return Scorer(protocol, weights_dir=WEIGHTS)


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Archives by name: the rungs, AdaIN of the published decoder, and what ships."""
    folder = tmp_path_factory.mktemp("entries")
    decoder = WEIGHTS / "entries" / "adain" / "adain_decoder_8bit.pth"
    encoder = WEIGHTS / "vgg_normalised_relu4_1_mixed.pth"
    (adain,) = wrap_published("adain", [decoder, encoder], folder)
    closed = {name: export_method(METHODS[name], folder) for name in RUNGS if name in METHODS}
    shipped = {path.stem: export_trained(path, folder) for path in SHIPPED_WEIGHTS}
    return {**closed, "adain": adain, **shipped}


def judged(entries: dict[str, Path], dataset: Dataset, scorer: Scorer) -> dict[str, Report]:
    """Reports by name. Losses are asked for, not speed: a loaded machine may take its time."""
    return {
        name: evaluate(path, dataset, scorer=scorer, pair_seconds=300)
        for name, path in entries.items()
    }


@pytest.fixture(scope="module")
def board(
    entries: dict[str, Path], scorer: Scorer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Report]:
    """Every content with every style of the public demo's first six and all eight."""
    demo = demo_dataset("public")
    shown = {picture.id for picture in list(demo.content)[::2]}
    pairs = [pair for pair in demo.pairs if pair.content in shown]
    dataset = part_of_the_demo(tmp_path_factory.mktemp("board") / "demo", pairs)
    return judged(entries, dataset, scorer)


def difference(board: dict[str, Report], less: str, more: str, metric: str) -> Difference:
    return paired_difference(board[less], board[more], metric)


def assert_below(found: Difference) -> None:
    assert found.high is not None
    assert found.high < 0, found


@pytest.mark.parametrize(("kept", "changed"), list(pairwise(RUNGS)))
def test_content_loss_rises_from_rung_to_rung(
    board: dict[str, Report], kept: str, changed: str
) -> None:
    assert_below(difference(board, kept, changed, "content_loss"))


@pytest.mark.parametrize(("plain", "styled"), list(pairwise(RUNGS)))
def test_style_loss_falls_from_rung_to_rung(
    board: dict[str, Report], plain: str, styled: str
) -> None:
    assert_below(difference(board, styled, plain, "style_loss"))


@pytest.mark.parametrize("name", [path.stem for path in SHIPPED_WEIGHTS])
def test_what_ships_has_more_style_than_reinhard_and_more_content_than_style_copy(
    board: dict[str, Report], name: str
) -> None:
    assert_below(difference(board, name, "reinhard", "style_loss"))
    assert_below(difference(board, name, "style-copy", "content_loss"))


def test_gatys_beats_every_feed_forward_model_on_the_total_that_it_optimises(
    entries: dict[str, Path], scorer: Scorer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = GatysSettings(
        features=VGG,
        content_layer=CONTENT_LAYER,
        style_layers=STYLE_LAYERS,
        style_weight=BETA,
        iterations=(15, 25),
    )
    folder = tmp_path_factory.mktemp("gatys")
    gatys = export_gatys(folder, settings=settings, preset="test")
    dataset = part_of_the_demo(folder / "demo", demo_dataset("public").pairs[::32])
    forward = {name: path for name, path in entries.items() if name in {"adain", *TRAINED}}
    reports = judged({"gatys": gatys, **forward}, dataset, scorer)
    totals = {
        name: {pair.pair: pair.values["total_loss"] for pair in report.pairs}
        for name, report in reports.items()
    }
    best = totals.pop("gatys")
    assert totals
    for name, found in totals.items():
        assert all(best[pair] < total for pair, total in found.items()), name
