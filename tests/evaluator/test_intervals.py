"""Bootstrap intervals: shared resamples, coverage, and paired differences of two reports."""

import numpy as np
import pytest

from evaluator.errors import ParticipantError
from evaluator.intervals import (
    Difference,
    crossed_resamples,
    paired_difference,
    paired_differences,
    percentile_interval,
    weighted_means,
)
from tests.evaluator.reports import report

CONTENTS = [f"c{i}" for i in range(6) for _ in range(4)]
STYLES = [f"s{j}" for _ in range(6) for j in range(4)]


def resamples(replicates: int = 50, seed: int = 1) -> np.ndarray:
    return crossed_resamples(CONTENTS, STYLES, replicates=replicates, seed=seed)


def test_weights_are_products_of_content_and_style_counts() -> None:
    for row in resamples():
        grid = row.reshape(6, 4)
        assert np.linalg.matrix_rank(grid) == 1
        assert row.sum() == 24


def test_the_list_of_resamples_is_fixed_by_the_seed() -> None:
    assert np.array_equal(resamples(), resamples())
    assert not np.array_equal(resamples(), resamples(seed=2))


def test_fewer_resamples_are_the_first_of_the_same_list() -> None:
    assert np.array_equal(resamples(10), resamples(50)[:10])


def test_the_resamples_of_this_seed_are_these_on_every_machine() -> None:
    first = crossed_resamples(["a", "a", "b", "b"], ["x", "y", "x", "y"], replicates=4, seed=7)
    assert first.tolist() == [[2, 0, 2, 0], [1, 1, 1, 1], [0, 2, 0, 2], [0, 2, 0, 2]]


def test_every_picture_is_drawn_as_often_as_any_other() -> None:
    mean = resamples(4000).mean(axis=0)
    assert np.allclose(mean, 1.0, atol=0.1)


def test_sparse_pairs_never_leave_fewer_than_two() -> None:
    names = [f"p{i}" for i in range(5)]
    weights = crossed_resamples(names, names, replicates=300, seed=3)
    assert len(weights) == 300
    assert ((weights > 0).sum(axis=1) >= 2).all()


@pytest.mark.parametrize("pairs", [0, 1])
def test_a_single_pair_has_no_resamples(pairs: int) -> None:
    weights = crossed_resamples(["c"] * pairs, ["s"] * pairs, replicates=9, seed=0)
    assert weights.shape == (0, pairs)
    assert percentile_interval(weighted_means(np.ones(pairs), weights), 0.95) is None


def test_weighted_means_are_means_of_repeated_values() -> None:
    values, weights = np.array([1.0, 4.0, 10.0]), np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]])
    assert weighted_means(values, weights).tolist() == [2.0, 8.5]


def test_a_percentile_interval_leaves_the_tails_out() -> None:
    assert percentile_interval(np.arange(101.0), 0.9) == pytest.approx((5.0, 95.0))


def test_the_interval_of_a_mean_covers_the_truth() -> None:
    """Content and style effects plus noise: 95 % intervals of 12 × 12 pairs hold the true mean."""
    random = np.random.default_rng(5)
    contents = [str(i) for i in range(12) for _ in range(12)]
    styles = [str(j) for _ in range(12) for j in range(12)]
    weights = crossed_resamples(contents, styles, replicates=300, seed=11)
    hits = 0
    for _ in range(300):
        effects = random.normal(size=(12, 1)) + random.normal(size=(1, 12))
        values = (effects + random.normal(size=(12, 12))).ravel()
        interval = percentile_interval(weighted_means(values, weights), 0.95)
        assert interval is not None
        hits += interval[0] <= 0 <= interval[1]
    assert 0.88 <= hits / 300 <= 0.99


def test_a_difference_is_taken_replicate_by_replicate() -> None:
    shared = np.random.default_rng(0).normal(0, 50, 200)
    a = report(value=10.0, replicates=(10 + shared).tolist())
    b = report(value=7.0, replicates=(7 + shared).tolist())
    found = paired_difference(a, b, "content_loss")
    assert found.value == 3.0
    assert (found.low, found.high) == pytest.approx((3.0, 3.0))
    assert not found.is_tie


def test_a_difference_that_the_pairs_cannot_tell_is_a_tie() -> None:
    a = report(value=1.0, replicates=[0.5, 1.0, 1.5])
    b = report(value=1.1, replicates=[1.5, 1.0, 0.5])
    assert paired_difference(a, b, "content_loss").is_tie
    assert Difference("content_loss", 1.0, None, None).is_tie


def test_reports_of_another_dataset_cannot_be_compared() -> None:
    with pytest.raises(ParticipantError, match="dataset digest") as caught:
        paired_differences(report(), report(dataset_digest="other"))
    assert caught.value.code == "compare.provenance"


def test_all_metrics_of_both_reports_are_compared() -> None:
    assert list(paired_differences(report(), report())) == ["content_loss"]


def test_a_metric_that_a_report_lacks_is_named() -> None:
    with pytest.raises(ParticipantError, match="fid"):
        paired_difference(report(), report(), "fid")
