"""Intervals that cover: means and KID of crossed and of independent pairs, by simulation."""

import numpy as np
import pytest

from evaluator.crossing import Crossing, Spread
from evaluator.intervals import crossed_resamples, percentile_interval, weighted_means
from evaluator.metrics.kid import KidTarget
from tests.conftest import RecordFigure

LEVEL = 0.95


def grid(contents: int, styles: int) -> tuple[list[str], list[str]]:
    return (
        [f"c{i}" for i in range(contents) for _ in range(styles)],
        [f"s{j}" for _ in range(contents) for j in range(styles)],
    )


def effects(
    random: np.random.Generator, contents: int, styles: int, deviations: tuple[float, ...]
) -> np.ndarray:
    """A content's, a style's and a pair's own part, summed: [contents · styles]."""
    a, b, e = deviations
    parts = (
        a * random.normal(size=(contents, 1)),
        b * random.normal(size=(1, styles)),
        e * random.normal(size=(contents, styles)),
    )
    return np.asarray(sum(parts)).ravel()


def covered(value: float, spread: Spread, replicates: np.ndarray, truth: float) -> bool:
    interval = percentile_interval(spread.scaled(replicates, value, LEVEL), LEVEL)
    assert interval is not None
    return interval[0] <= truth <= interval[1]


def test_the_variance_of_a_balanced_grid_is_that_of_its_analysis_of_variance() -> None:
    crossing = Crossing.of(*grid(5, 4))
    values = effects(np.random.default_rng(1), 5, 4, (1.0, 2.0, 0.1)).reshape(5, 4)
    a, b = values.mean(axis=1), values.mean(axis=0)
    rest = values - a[:, None] - b + values.mean()
    mean_squares = (4 * a.var(ddof=1), 5 * b.var(ddof=1), (rest**2).sum() / 12)
    expected = (mean_squares[0] + mean_squares[1] - mean_squares[2]) / 20
    spread = crossing.spread((values - values.mean()).ravel())
    assert spread is not None
    assert spread.variance == pytest.approx(expected, rel=1e-10)
    assert 1 < spread.freedom < 12


def test_pairs_that_share_nothing_are_independent() -> None:
    names = [f"p{i}" for i in range(30)]
    values = np.random.default_rng(2).normal(size=30)
    spread = Crossing.of(names, names).spread(values - values.mean())
    assert spread is not None
    assert spread.variance == pytest.approx(values.var(ddof=1) / 30, rel=1e-10)
    assert spread.freedom == pytest.approx(29)


@pytest.mark.parametrize(("contents", "styles"), [(1, 8), (8, 1)])
def test_a_single_content_or_style_leaves_the_other_s_variance(contents: int, styles: int) -> None:
    values = np.random.default_rng(3).normal(size=8)
    spread = Crossing.of(*grid(contents, styles)).spread(values - values.mean())
    assert spread is not None
    assert spread.variance == pytest.approx(values.var(ddof=1) / 8, rel=1e-10)


def test_one_pair_has_no_spread() -> None:
    assert Crossing.of(["c"], ["s"]).spread(np.zeros(1)) is None


def test_scaled_replicates_lie_around_the_value_as_wide_as_t() -> None:
    replicates = np.random.default_rng(4).normal(7, 3, 20_000)
    found = percentile_interval(Spread(4.0, 5.0).scaled(replicates, 1.0, LEVEL), LEVEL)
    assert found == pytest.approx((1 - 2 * 2.571, 1 + 2 * 2.571), abs=0.15)


def test_replicates_that_are_all_alike_are_the_value() -> None:
    assert Spread(0.0, 3.0).scaled(np.full(4, 2.0), 1.0, LEVEL).tolist() == [1.0] * 4


def coverage_of_means(
    contents: int, styles: int, deviations: tuple[float, ...], trials: int
) -> float:
    names = grid(contents, styles)
    crossing = Crossing.of(*names)
    weights = crossed_resamples(*names, replicates=400, seed=11)
    random = np.random.default_rng(5)
    hits = 0
    for _ in range(trials):
        values = effects(random, contents, styles, deviations)
        value = float(values.mean())
        spread = crossing.spread(values - value)
        assert spread is not None
        hits += covered(value, spread, weighted_means(values, weights), 0.0)
    return hits / trials


def test_the_interval_of_a_mean_covers_the_truth() -> None:
    assert 0.91 <= coverage_of_means(12, 12, (1.0, 1.0, 1.0), 400) <= 0.985


GRIDS = [
    (12, 12, (1.0, 1.0, 1.0)),
    (12, 12, (0.0, 0.0, 1.0)),
    (20, 10, (1.0, 0.2, 1.0)),
    (30, 20, (0.3, 0.3, 1.0)),
    (40, 5, (0.2, 1.0, 1.0)),
]


@pytest.mark.slow
def test_intervals_of_means_cover_93_to_97_times_in_100(record_figure: RecordFigure) -> None:
    """Over designs and shares of the variance, the one without any effect of pictures apart."""
    found = [coverage_of_means(*each, 3000) for each in GRIDS]
    for (contents, styles, deviations), share in zip(GRIDS, found, strict=True):
        label = "-".join(f"{each:g}" for each in deviations)
        record_figure(f"coverage.mean.{contents}x{styles}.{label}", share, "of 95 %")
    assert min(found) >= 0.925
    assert max(found) <= 0.985
    assert 0.93 <= np.mean(found) <= 0.97


KID_DIMS = 8


def outputs(random: np.random.Generator, contents: int, styles: int, share: float) -> np.ndarray:
    """Rows whose pictures give ``share`` of their variance each, apart from the reference."""
    parts = (
        share**0.5 * random.normal(size=(contents, 1, KID_DIMS)),
        share**0.5 * random.normal(size=(1, styles, KID_DIMS)),
        (1 - 2 * share) ** 0.5 * random.normal(size=(contents, styles, KID_DIMS)),
    )
    return np.asarray(sum(parts)).reshape(-1, KID_DIMS) + 0.4


def expected_kid(target: KidTarget, contents: int, styles: int, share: float) -> float:
    """What KID of such outputs is on average: the truth that an interval is to cover."""
    random = np.random.default_rng(999)
    return float(
        np.mean([target.value(outputs(random, contents, styles, share)) for _ in range(1500)])
    )


def coverage_of_kid(names: tuple[list[str], list[str]], share: float, trials: int) -> float:
    contents, styles = (len(set(each)) for each in names)
    independent = contents == len(names[0])
    shape = (contents, 1) if independent else (contents, styles)
    target = KidTarget.of(np.random.default_rng(0).normal(size=(150, KID_DIMS)))
    truth = expected_kid(target, *shape, share)
    crossing = Crossing.of(*names)
    weights = crossed_resamples(*names, replicates=200, seed=12)
    random = np.random.default_rng(6)
    hits = 0
    for _ in range(trials):
        rows = outputs(random, *shape, share)
        spread = crossing.spread(target.influence(rows))
        assert spread is not None
        hits += covered(target.value(rows), spread, target.replicates(rows, weights), truth)
    return hits / trials


def test_the_interval_of_kid_covers_the_truth() -> None:
    assert 0.9 <= coverage_of_kid(grid(10, 6), 0.1, 200) <= 0.99


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_intervals_of_kid_cover_93_to_97_times_in_100(record_figure: RecordFigure) -> None:
    alone = [f"p{i}" for i in range(120)]
    cases = {
        "independent": ((alone, alone), 0.0),
        "crossed12x10": (grid(12, 10), 0.1),
        "crossed20x15": (grid(20, 15), 0.2),
    }
    found = {name: coverage_of_kid(*case, 800) for name, case in cases.items()}
    for name, share in found.items():
        record_figure(f"coverage.kid.{name}", share, "of 95 %")
    assert all(0.92 <= share <= 0.975 for share in found.values())
    assert 0.93 <= np.mean(list(found.values())) <= 0.97
