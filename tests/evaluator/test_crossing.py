"""The variance of crossed and of independent pairs: that of its analysis, and scaled replicates."""

import numpy as np
import pytest

from evaluator.crossing import Crossing, Spread
from evaluator.intervals import percentile_interval

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
