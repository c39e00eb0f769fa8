"""Bootstrap intervals: shared resamples, coverage, and paired differences of two reports."""

import tracemalloc

import numpy as np
import pytest

from evaluator.crossing import Crossing
from evaluator.errors import ParticipantError
from evaluator.intervals import (
    Difference,
    crossed_resamples,
    paired_difference,
    paired_differences,
    percentile_interval,
    weighted_means,
)
from evaluator.report import Report
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


def two_reports(gaps: np.ndarray) -> tuple[Report, Report]:
    """Of 6 × 4 pairs whose values, far apart from each other, differ by ``gaps``."""
    theirs = np.random.default_rng(0).normal(0, 50, 24)
    weights = resamples(400)

    def of(values: np.ndarray) -> Report:
        return report(
            value=float(values.mean()),
            replicates=weighted_means(values, weights).tolist(),
            pairs=list(zip(CONTENTS, STYLES, values.tolist(), strict=True)),
        )

    return of(theirs + gaps), of(theirs)


def test_what_all_pairs_have_in_common_drops_out_of_a_difference() -> None:
    found = paired_difference(*two_reports(np.full(24, 3.0)), "content_loss")
    assert (found.value, found.low, found.high) == pytest.approx((3.0, 3.0, 3.0))
    assert not found.is_tie


def test_a_difference_is_as_wide_as_the_crossed_design_of_its_pairs() -> None:
    """Replicates as they come are √3 times as wide where pictures have no effect."""
    gaps = np.random.default_rng(8).normal(1, 2, 24)
    spread = Crossing.of(CONTENTS, STYLES).spread(gaps - gaps.mean())
    assert spread is not None
    found = paired_difference(*two_reports(gaps), "content_loss")
    assert found.low is not None
    assert found.high is not None
    assert (found.high - found.low) / 2 == pytest.approx(spread.half_width(0.95), rel=0.1)
    assert found.low < gaps.mean() < found.high


def test_pairs_are_matched_by_their_names() -> None:
    a, b = two_reports(np.random.default_rng(8).normal(1, 2, 24))
    turned = b.model_copy(update={"pairs": b.pairs[::-1]})
    assert paired_difference(a, turned, "content_loss") == paired_difference(a, b, "content_loss")


def test_a_difference_of_sets_lies_around_its_value() -> None:
    """A resample holds fewer different pictures, so that both replicates are off, not alike."""
    a = report(metric="fid", value=10.0, replicates=[13.0, 14.0, 15.0])
    b = report(metric="fid", value=9.0, replicates=[10.5, 11.0, 11.5])
    found = paired_difference(a, b, "fid")
    assert (found.low, found.high) == pytest.approx((1 - 0.475, 1 + 0.475))


def test_a_difference_that_the_pairs_cannot_tell_is_a_tie() -> None:
    a, b = two_reports(np.random.default_rng(8).normal(0, 2, 24))
    assert paired_difference(a, b, "content_loss").is_tie
    assert Difference("content_loss", 1.0, None, None).is_tie


def test_one_pair_tells_nothing_apart() -> None:
    a, b = report(value=1.0, replicates=[1.0]), report(value=2.0, replicates=[2.0])
    assert paired_difference(a, b, "content_loss").is_tie


def differences_covered(random: np.random.Generator, weights: np.ndarray, trials: int) -> float:
    """How often the interval holds a difference of 0 between entries of crossed effects."""
    hits = 0
    for _ in range(trials):
        values = random.normal(size=(6, 1)) + random.normal(size=(1, 4))
        reports = []
        for _ in range(2):
            own = values + random.normal(size=(6, 1)) + random.normal(size=(6, 4))
            reports.append(
                report(
                    value=float(own.mean()),
                    replicates=weighted_means(own.ravel(), weights).tolist(),
                    pairs=list(zip(CONTENTS, STYLES, own.ravel().tolist(), strict=True)),
                )
            )
        hits += paired_difference(*reports, "content_loss").is_tie
    return hits / trials


def test_two_equal_entries_are_told_apart_5_times_in_100() -> None:
    share = differences_covered(np.random.default_rng(9), resamples(200), 500)
    assert 0.92 <= share <= 0.98


def test_reports_of_another_dataset_cannot_be_compared() -> None:
    with pytest.raises(ParticipantError, match="dataset digest") as caught:
        paired_differences(report(), report(dataset_digest="other"))
    assert caught.value.code == "compare.provenance"


def test_all_metrics_of_both_reports_are_compared() -> None:
    assert list(paired_differences(report(), report())) == ["content_loss"]


def test_a_metric_that_a_report_lacks_is_named() -> None:
    with pytest.raises(ParticipantError, match="fid"):
        paired_difference(report(), report(), "fid")


def test_resamples_of_many_pairs_take_four_bytes_a_weight_and_means_little_more() -> None:
    n, replicates = 4000, 1000
    names = [f"p{index}" for index in range(n)]
    values = np.random.default_rng(3).normal(size=n)
    tracemalloc.start()
    try:
        weights = crossed_resamples(names, names, replicates=replicates, seed=5)
        means = weighted_means(values, weights)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * n * replicates
    exact = weights.astype(np.float64)
    assert means.tolist() == ((exact * values).sum(axis=1) / exact.sum(axis=1)).tolist()
