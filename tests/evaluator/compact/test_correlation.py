"""The compact metrics order held-out pictures much as the real networks do, and are faster.

How well is on the page of figures.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from baselines.networks.published import wrap_published
from evaluator.compact.correlation import agreement_of, fid_agreement
from evaluator.compact.heldout import HeldOut, held_out
from evaluator.compact.judging import Judgement, judge, judges, speed_of
from evaluator.compact.page import METRICS, figures, page
from evaluator.compact.sources import sources_of
from evaluator.compact.stylisers import entry_styliser, linear_transport, patchwork
from tests.conftest import RecordFigure

LEAST_CORRELATION = 0.85  # fewer pictures than on the page scatter more


def judgement(
    values: list[list[float]], fid: list[float], names: Sequence[str] = ("a 1", "b 1", "c 1")
) -> Judgement:
    names = names[: len(fid)]
    rows = {
        name: dict.fromkeys(
            (*METRICS, "lpips_squeeze"),
            np.array(row),
        )
        for name, row in zip(names, values, strict=True)
    }
    return Judgement(rows, dict(zip(names, fid, strict=True)))


def test_agreement_counts_order_only() -> None:
    real = judgement([[1, 2, 3], [4, 5, 6]], [1, 2])
    compact = judgement([[1, 4, 9], [16, 25, 36]], [10, 40])
    found = agreement_of("lpips_compact", real, compact)
    assert (found.overall, found.within, found.methods) == pytest.approx((1, 1, 1))
    assert found.pictures == 6
    assert found.factor == 3.5
    assert found.interval == pytest.approx((1, 1))
    assert fid_agreement(real, compact).overall == pytest.approx(1)


def test_agreement_tells_pictures_pairs_and_methods_apart() -> None:
    real = judgement([[1, 10], [2, 20], [3, 30]], [1, 2, 3])
    compact = judgement([[2, 10], [1, 30], [3, 20]], [3, 2, 1])
    found = agreement_of("style_loss", real, compact)
    assert found.within == pytest.approx(0.5)
    assert found.methods == pytest.approx(0.5)
    assert found.overall == pytest.approx(1 - 6 * 4 / (6 * 35))
    assert fid_agreement(real, compact).overall == pytest.approx(-1)
    assert found.interval[0] < found.overall < found.interval[1]


def test_strengths_of_a_method_are_drawn_together() -> None:
    """One method is ordered rightly, one wrongly: half of the draws hold only one of them."""
    names = ("a 0.5", "a 1", "b 0.5", "b 1")
    real = judgement([[1], [2], [3], [4]], [1, 2, 3, 4], names)
    compact = judgement([[1], [2], [4], [3]], [1, 2, 4, 3], names)
    for found in (agreement_of("style_loss", real, compact), fid_agreement(real, compact)):
        assert found.interval == pytest.approx((-1, 1))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_held_out_pictures_are_ordered_much_as_by_the_real_networks(
    shared_weights: Path,
    shared_images: Path,
    tmp_path: Path,
    record_figure: RecordFigure,
) -> None:
    """A small part of what ``python -m evaluator.compact evaluate`` judges."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        pictures = _pictures(shared_weights, shared_images, tmp_path)
        real, compact = (
            judge(rules, folder, pictures, lambda *_: None)
            for rules, folder in judges(shared_weights).values()
        )
        speed = speed_of(shared_weights, pictures, lambda *_: None)
    finally:
        torch.set_num_threads(before)
    found = figures(real, compact, speed)
    for name, value in found.items():
        record_figure(f"compact {name}", value, "times" if name == "speed-up" else "Spearman")
    for name in set(METRICS) - {"total_loss"}:
        assert found[name] > LEAST_CORRELATION, name
    assert found["speed-up"] > 5  # the page says how much: other tests run beside this one
    assert all(name in page(pictures, real, compact, speed) for name in pictures.outputs)


def _pictures(weights: Path, images: Path, folder: Path) -> HeldOut:
    parts = sorted((weights / "entries" / "microast").glob("*.pth.tar"))
    (entry,) = wrap_published("microast", parts, folder)
    stylisers = {
        "microast": entry_styliser(entry),
        "linear-transport": linear_transport,
        "patchwork": patchwork,
    }
    sources = sources_of(images, "heldout")
    return held_out(sources, stylisers, pairs=6, judged=6, seed=8, tell=lambda *_: None)
