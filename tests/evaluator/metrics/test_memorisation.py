"""MiFID and its memorisation distance: against torchmetrics, whose sides are swapped."""

import numpy as np
import pytest
import torch
from torchmetrics.image.mifid import _compute_cosine_distance, _mifid_compute

from evaluator.metrics.fid import frechet_distance
from evaluator.metrics.memorisation import MifidMeasure, memorisation_distance, mifid
from tests.conftest import Agree
from tests.evaluator.metrics.clouds import cloud

OUTPUTS, REFERENCE = cloud(1, 90, 24, shift=0.1), cloud(2, 80, 24)


def doubles(*sets: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(rows.astype(np.float64)) for rows in sets]


def test_the_distance_is_torchmetrics_from_the_outputs_side(agree: Agree) -> None:
    peer = _compute_cosine_distance(*doubles(OUTPUTS, REFERENCE), cosine_distance_eps=1.0)
    difference = abs(memorisation_distance(OUTPUTS, REFERENCE) / float(peer) - 1)
    agree("memorisation_distance.torchmetrics", difference)


@pytest.mark.parametrize("threshold", [1e-4, 0.5])
def test_mifid_is_torchmetrics(threshold: float) -> None:
    a, b = doubles(OUTPUTS, REFERENCE)
    peer = _mifid_compute(
        a.mean(0), torch.cov(a.T), a, b.mean(0), torch.cov(b.T), b, cosine_distance_eps=threshold
    )
    distance = memorisation_distance(OUTPUTS, REFERENCE)
    found = mifid(frechet_distance(OUTPUTS, REFERENCE), distance, threshold=threshold)
    assert found == pytest.approx(float(peer), rel=1e-6)


def test_copies_are_at_no_distance() -> None:
    copies = 3 * np.repeat(REFERENCE[:4], 5, axis=0)
    assert memorisation_distance(copies, REFERENCE) == pytest.approx(0, abs=1e-12)


def test_the_more_copies_the_nearer() -> None:
    found = []
    for copied in (0, 30, 60, 90):
        rows = OUTPUTS.copy()
        rows[:copied] = np.resize(REFERENCE, (copied, 24))
        found.append(memorisation_distance(rows, REFERENCE))
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(0, abs=1e-12)


def test_a_row_without_direction_has_memorised_nothing() -> None:
    assert memorisation_distance(np.zeros((3, 24), np.float32), REFERENCE) == 1
    assert memorisation_distance(OUTPUTS, np.zeros((3, 24), np.float32)) == 1


def test_a_distance_above_the_threshold_leaves_fid_alone() -> None:
    assert MifidMeasure(0.1).value((7.0, 0.2)) == 7.0
    assert MifidMeasure(0.1).value((7.0, 0.05)) == pytest.approx(140.0)
    assert MifidMeasure(0.1).value((0.0, 0.0)) == 0.0
