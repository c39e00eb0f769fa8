"""FID∞: a known Gaussian case within 2 %, where FID itself is far off."""

from typing import cast

import numpy as np
import pytest

from evaluator.frechet import Gaussian
from evaluator.metrics.fid_infinity import FidInfinityTarget, fid_infinity
from evaluator.protocols import protocol
from tests.conftest import RecordFigure

DIMS = 32
SCALES = np.linspace(0.5, 1.5, DIMS)
TRUTH = Gaussian.of_statistics(np.zeros(DIMS), np.eye(DIMS))


def sample(count: int, seed: int = 0) -> np.ndarray:
    """Rows of a Gaussian whose distance to ``TRUTH`` is |0.1|² · 32 + Σ (s − 1)²."""
    return np.random.default_rng(seed).normal(size=(count, DIMS)) * SCALES + 0.1


EXACT = 0.01 * DIMS + float(((SCALES - 1) ** 2).sum())


def test_a_known_case_is_extrapolated_within_2_percent(record_figure: RecordFigure) -> None:
    """Each of six draws; the FID that is extrapolated from errs by a fifth at its first size."""
    target = FidInfinityTarget(TRUTH, points=10, smallest=400, seed=1)
    errors, biases = [], []
    for seed in range(6):
        rows = sample(5000, seed)
        errors.append(abs(target.value(rows) / EXACT - 1))
        biases.append(Gaussian.of(rows[:400]).distance(TRUTH) / EXACT - 1)
    record_figure("fid_infinity.synthetic.worst", max(errors), "relative")
    record_figure("fid_infinity.synthetic.bias", min(biases), "relative")
    assert max(errors) < 0.02
    assert min(biases) > 0.15, "the case shows no bias to take out"


def test_as_protocols_hold_it_it_is_near_from_its_least_number_of_pairs_on() -> None:
    """At their rows per dimension; beginning with half a row, as they did, it was 70 % too low."""
    spec = protocol("standard-full-1").metric("fid_infinity")
    a_dimension = DIMS / 2048
    smallest = int(cast("int", spec.parameter("smallest")) * a_dimension)
    points, seed = (cast("int", spec.parameter(name)) for name in ("points", "seed"))
    target = FidInfinityTarget(TRUTH, points=points, smallest=smallest, seed=seed)
    found = [target.value(sample(int(spec.minimum * a_dimension), turn)) for turn in range(40)]
    assert abs(np.mean(found) / EXACT - 1) < 0.05


def test_subsets_are_seeded() -> None:
    rows = sample(300)
    found = [fid_infinity(rows, TRUTH, points=5, smallest=50, seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_too_few_rows_make_no_line() -> None:
    with pytest.raises(ValueError, match="no line"):
        fid_infinity(sample(50), TRUTH, points=5, smallest=50, seed=0)
