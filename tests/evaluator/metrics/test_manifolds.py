"""Precision, recall, density and coverage: against prdc and torch-fidelity, and their extremes."""

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from torch_fidelity.metric_prc import prc_features_to_metric

from evaluator import neighbours
from evaluator.metrics.density_coverage import CoverageTarget, DensityTarget, coverage, density
from evaluator.metrics.precision_recall import (
    PrecisionTarget,
    RecallTarget,
    precision,
    recall,
)
from tests.conftest import Agree
from tests.evaluator.metrics.clouds import cloud

OUTPUTS, REFERENCE = cloud(1, 140, 24, shift=0.25), cloud(2, 120, 24)
ALL = {"precision": precision, "recall": recall, "density": density, "coverage": coverage}


def every(outputs: np.ndarray, reference: np.ndarray, k: int = 5) -> dict[str, float]:
    return {name: metric(outputs, reference, k=k) for name, metric in ALL.items()}


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("block", [512, 31])
def test_all_four_are_prdc_s(
    k: int, block: int, monkeypatch: pytest.MonkeyPatch, agree: Agree
) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", block)
    peer = compute_prdc(REFERENCE.astype(float), OUTPUTS.astype(float), nearest_k=k)
    found = every(OUTPUTS, REFERENCE, k)
    assert 0.05 < found["precision"] < 0.95
    agree("manifolds.prdc", max(abs(found[name] / peer[name] - 1) for name in found))


def test_precision_and_recall_are_torch_fidelity_s() -> None:
    peer = prc_features_to_metric(
        torch.from_numpy(OUTPUTS).double(),
        torch.from_numpy(REFERENCE).double(),
        prc_neighborhood=3,
        prc_batch_size=1000,
        save_cpu_ram=False,
        verbose=False,
    )
    assert precision(OUTPUTS, REFERENCE, k=3) == pytest.approx(peer["precision"], rel=1e-6)
    assert recall(OUTPUTS, REFERENCE, k=3) == pytest.approx(peer["recall"], rel=1e-6)


def test_the_reference_itself_reaches_everything() -> None:
    found = every(REFERENCE, REFERENCE)
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)
    assert found["density"] == pytest.approx(1)


def test_mode_collapse_leaves_neither_recall_nor_coverage() -> None:
    """One good output repeated: as precise as ever, with nothing of the variety."""
    alike = np.repeat(REFERENCE[:1], 100, axis=0)
    found = every(alike, REFERENCE)
    assert found["precision"] == 1
    assert found["recall"] <= 1 / len(REFERENCE)
    assert found["coverage"] < 0.2


def test_far_outputs_have_nothing() -> None:
    assert every(OUTPUTS + 50, REFERENCE) == dict.fromkeys(ALL, 0.0)


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_rows_changes_nothing(name: str) -> None:
    moved = ALL[name](OUTPUTS[::-1].copy(), REFERENCE[::-1].copy(), k=4)
    assert moved == pytest.approx(ALL[name](OUTPUTS, REFERENCE, k=4), rel=1e-9)


def test_replicates_with_all_weights_1_are_the_value() -> None:
    ones = np.ones((1, len(OUTPUTS)))
    for target in (RecallTarget(REFERENCE, 5), CoverageTarget.of(REFERENCE, 5)):
        assert target.replicates(OUTPUTS, ones)[0] == target.value(OUTPUTS)


def test_coverage_without_a_row_is_that_of_the_others() -> None:
    weights = np.ones((1, len(OUTPUTS)))
    weights[0, :100] = 0
    target = CoverageTarget.of(REFERENCE, 5)
    assert target.replicates(OUTPUTS, weights)[0] == target.value(OUTPUTS[100:])


def test_precision_and_density_are_means_over_outputs() -> None:
    for target in (PrecisionTarget.of(REFERENCE, 3), DensityTarget.of(REFERENCE, 3)):
        scores = target.scores(OUTPUTS)
        assert scores.shape == (140,)
        assert target.value(OUTPUTS[:70]) == pytest.approx(scores[:70].mean())


def test_there_must_be_more_rows_than_neighbours() -> None:
    with pytest.raises(ValueError, match="5-th"):
        precision(OUTPUTS, REFERENCE[:5], k=5)
