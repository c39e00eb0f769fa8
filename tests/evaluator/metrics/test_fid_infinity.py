"""FID∞: a known Gaussian case within 2 %, where FID itself is far off."""

import numpy as np
import pytest

from evaluator.frechet import Gaussian
from evaluator.metrics.fid_infinity import FidInfinityTarget, fid_infinity
from tests.conftest import RecordFigure

DIMS = 32
SCALES = np.linspace(0.5, 1.5, DIMS)
TRUTH = Gaussian.of_statistics(np.zeros(DIMS), np.eye(DIMS))


def sample(count: int, seed: int = 0) -> np.ndarray:
    """Rows of a Gaussian whose distance to ``TRUTH`` is |0.1|² · 32 + Σ (s − 1)²."""
    return np.random.default_rng(seed).normal(size=(count, DIMS)) * SCALES + 0.1


EXACT = 0.01 * DIMS + float(((SCALES - 1) ** 2).sum())


def test_a_known_case_is_extrapolated_within_2_percent(record_figure: RecordFigure) -> None:
    target = FidInfinityTarget(TRUTH, points=15, smallest=200, seed=1)
    errors, biases = [], []
    for seed in range(6):
        rows = sample(2000, seed)
        errors.append(target.value(rows) / EXACT - 1)
        biases.append(Gaussian.of(rows[:400]).distance(TRUTH) / EXACT - 1)
    record_figure("fid_infinity.synthetic", float(np.mean(np.abs(errors))), "relative")
    assert abs(np.mean(errors)) < 0.02
    assert np.mean(biases) > 0.03, "the case shows no bias to take out"


def test_subsets_are_seeded() -> None:
    rows = sample(300)
    found = [fid_infinity(rows, TRUTH, points=5, smallest=50, seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_too_few_rows_make_no_line() -> None:
    with pytest.raises(ValueError, match="no line"):
        fid_infinity(sample(50), TRUTH, points=5, smallest=50, seed=0)
