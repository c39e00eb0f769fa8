"""KID: against torch-fidelity and torchmetrics, the exact estimate against its definition."""

from itertools import product

import numpy as np
import pytest
import torch
from torch_fidelity.metric_kid import kid_features_to_metric
from torchmetrics.image.kid import poly_mmd

from evaluator.metrics import kid as module
from evaluator.metrics.kid import KidSubsetsTarget, KidTarget, kid, kid_subsets
from tests.conftest import Agree
from tests.evaluator.metrics.clouds import cloud

A, B = cloud(1, 150, 48, shift=0.1), cloud(2, 130, 48)


def test_subsets_are_torch_fidelity_s(agree: Agree) -> None:
    peer = kid_features_to_metric(
        *(torch.from_numpy(rows.astype(np.float64)) for rows in (A, B)),
        kid_subsets=20,
        kid_subset_size=100,
        rng_seed=2020,
        verbose=False,
    )
    mean, deviation = kid_subsets(A, B, subsets=20, size=100, seed=2020)
    expected = peer["kernel_inception_distance_mean"]
    agree("kid_subsets.torch-fidelity-rows", abs(mean / expected - 1))
    assert deviation == pytest.approx(peer["kernel_inception_distance_std"], rel=1e-9)


def test_all_rows_of_equal_sets_are_one_subset_of_torchmetrics(agree: Agree) -> None:
    a, b = (torch.from_numpy(rows[:130].astype(np.float64)) for rows in (A, B))
    expected = float(poly_mmd(b, a))
    agree("kid.torchmetrics-rows", abs(kid(A[:130], B) / expected - 1))


def test_the_estimate_is_its_definition() -> None:
    a, b = A[:7].astype(np.float64), B[:5].astype(np.float64)

    def mean(x: np.ndarray, y: np.ndarray, *, same: bool) -> float:
        found = [
            (float(p @ q) / 48 + 1) ** 3
            for (i, p), (j, q) in product(enumerate(x), enumerate(y))
            if not (same and i == j)
        ]
        return float(np.mean(found))

    expected = mean(a, a, same=True) + mean(b, b, same=True) - 2 * mean(a, b, same=False)
    assert kid(A[:7], B[:5]) == pytest.approx(expected, rel=1e-10)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = np.random.default_rng(0).integers(0, 3, (4, 150)).astype(float)
    target = KidTarget.of(B)
    whole = target.value(A), *target.replicates(A, weights)
    monkeypatch.setattr(module, "BLOCK", 33)
    again = KidTarget.of(B)
    assert (again.value(A), *again.replicates(A, weights)) == pytest.approx(whole, rel=1e-9)


def test_it_is_0_on_average_for_two_samples_of_one_distribution() -> None:
    found = [kid(cloud(10 + i, 60, 16), cloud(100 + i, 50, 16)) for i in range(40)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found))
    assert min(found) < 0


def test_it_does_not_depend_on_the_order_of_rows() -> None:
    assert kid(A[::-1], B[::-1]) == pytest.approx(kid(A, B), rel=1e-9)


def test_replicates_compare_different_rows_only() -> None:
    """Every weight doubled: the same sample, were each row's copies not left out."""
    weights = np.ones((1, 150))
    target = KidTarget.of(B)
    assert target.replicates(A, weights)[0] == pytest.approx(target.value(A), rel=1e-10)
    assert target.replicates(A, 2 * weights)[0] == pytest.approx(target.value(A), rel=1e-10)


def test_the_influence_of_a_row_is_the_derivative_by_its_weight() -> None:
    target, step = KidTarget.of(B), 1e-5
    weights = np.ones((2, 150))
    weights[:, 3] += [step, -step]
    up, down = target.replicates(A, weights)
    assert target.influence(A)[3] / 150 == pytest.approx((up - down) / 2 / step, rel=1e-3)
    assert target.influence(A).mean() == pytest.approx(0, abs=1e-12)


def test_subsets_that_are_larger_than_a_set_are_refused() -> None:
    with pytest.raises(ValueError, match="subsets of 140"):
        kid_subsets(A, B, subsets=2, size=140, seed=0)


def test_the_mean_over_subsets_spreads_as_what_it_tends_to() -> None:
    whole = KidTarget.of(B)
    many = KidSubsetsTarget(whole, subsets=200, size=100, seed=1)
    mean, deviation = kid_subsets(A, B, subsets=200, size=100, seed=1)
    assert many.value(A) == mean
    assert abs(mean - whole.value(A)) < 4 * deviation / 200**0.5
    assert np.array_equal(many.influence(A), whole.influence(A))
