"""Intervals that cover: simulations of what the report prints for means and KID.

Each trial draws pairs whose truth is known and asks ``overall_scores`` for their interval, as the
report does. A share of 3,000 trials is known to ±0.4 percentage points, one of 1,000 to ±0.7.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.crossing import Crossing
from evaluator.intervals import crossed_resamples
from evaluator.metrics.kid import KidTarget
from evaluator.overall import Sample, overall_scores
from evaluator.protocols import Bootstrap, MetricSpec, protocol
from tests.conftest import RecordFigure

Floats = NDArray[np.float64]
Names = tuple[list[str], list[str]]

MEAN, KID = "lpips_squeeze", "kid"
TRUTH = 100.0  # far from 0, where the intervals of a distance end
REPLICATES = 400
KID_DIMS = 8
REFERENCE = np.random.default_rng(0).normal(size=(150, KID_DIMS)).astype(np.float32)

# Contents, styles, and the deviations of contents, styles and the rest.
DESIGNS = [
    (12, 12, (1.0, 1.0, 1.0)),
    (12, 12, (0.3, 0.3, 1.0)),
    (12, 12, (0.0, 1.0, 1.0)),
    (20, 10, (1.0, 0.2, 1.0)),
    (30, 20, (0.3, 0.3, 1.0)),
    (40, 5, (0.2, 1.0, 1.0)),
    (5, 5, (1.0, 1.0, 1.0)),
]
NO_EFFECT = [(12, 12, (0.0, 0.0, 1.0)), (40, 5, (0.0, 0.0, 1.0))]


def grid(contents: int, styles: int) -> Names:
    return (
        [f"c{i}" for i in range(contents) for _ in range(styles)],
        [f"s{j}" for _ in range(contents) for j in range(styles)],
    )


def alone(count: int) -> Names:
    """Pairs that share no picture."""
    names = [f"p{i}" for i in range(count)]
    return names, names


def effects(
    random: np.random.Generator, names: Names, deviations: tuple[float, ...], dims: int = 1
) -> Floats:
    """A content's, a style's and a pair's own part, summed: [pairs, dims]."""
    content, style = (np.unique(each, return_inverse=True)[1] for each in names)
    a, b, e = deviations
    return np.asarray(
        a * random.normal(size=(content.max() + 1, dims))[content]
        + b * random.normal(size=(style.max() + 1, dims))[style]
        + e * random.normal(size=(len(content), dims))
    )


def sample(names: Names, metric: str, resamples: int = REPLICATES) -> Sample:
    """A report's sample on those pairs, still without values."""
    rules = replace(
        protocol("untrained-1"),
        metrics=(MetricSpec(metric),),
        bootstrap=Bootstrap(replicates=resamples, set_replicates=resamples),
    )
    return Sample(
        protocol=rules,
        crossing=Crossing.of(*names),
        resamples=crossed_resamples(*names, replicates=resamples, seed=11),
        values={},
        features={},
        reference=lambda _need: REFERENCE,
    )


def coverage(draw: Callable[[], Sample], metric: str, truth: float, trials: int) -> float:
    hits = 0
    for _ in range(trials):
        score = overall_scores(draw())[0][metric].score
        assert score.low is not None
        assert score.high is not None
        hits += score.low <= truth <= score.high
    return hits / trials


def coverage_of_means(
    contents: int, styles: int, deviations: tuple[float, ...], trials: int
) -> float:
    names, random = grid(contents, styles), np.random.default_rng(5)
    blank = sample(names, MEAN)

    def draw() -> Sample:
        return replace(blank, values={MEAN: TRUTH + effects(random, names, deviations)[:, 0]})

    return coverage(draw, MEAN, TRUTH, trials)


def outputs(random: np.random.Generator, names: Names, share: float) -> NDArray[np.float32]:
    """Rows whose pictures give ``share`` of their variance each, apart from the reference."""
    deviations = share**0.5, share**0.5, (1 - 2 * share) ** 0.5
    return (effects(random, names, deviations, KID_DIMS) + 0.4).astype(np.float32)


def expected_kid(names: Names, share: float) -> float:
    """What KID of such outputs is on average: the truth that an interval is to cover."""
    random, target = np.random.default_rng(999), KidTarget.of(REFERENCE)
    return float(np.mean([target.value(outputs(random, names, share)) for _ in range(3000)]))


def coverage_of_kid(names: Names, share: float, trials: int) -> float:
    random, blank = np.random.default_rng(6), sample(names, KID, 200)

    def draw() -> Sample:
        return replace(blank, features={"inception": outputs(random, names, share)})

    return coverage(draw, KID, expected_kid(names, share), trials)


def test_the_interval_of_a_mean_covers_the_truth() -> None:
    assert 0.91 <= coverage_of_means(12, 12, (1.0, 1.0, 1.0), 400) <= 0.985


def test_the_interval_of_kid_covers_the_truth() -> None:
    assert 0.9 <= coverage_of_kid(grid(10, 6), 0.1, 200) <= 0.99


def label(contents: int, styles: int, deviations: tuple[float, ...]) -> str:
    return f"{contents}x{styles}.{'-'.join(f'{each:g}' for each in deviations)}"


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: label(*design))
def test_intervals_of_means_cover_93_to_97_times_in_100(
    design: tuple[int, int, tuple[float, ...]], record_figure: RecordFigure
) -> None:
    share = coverage_of_means(*design, 3000)
    record_figure(f"coverage.mean.{label(*design)}", share, "of 95 %")
    assert 0.93 <= share <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("design", NO_EFFECT, ids=lambda design: label(*design))
def test_pictures_without_any_effect_make_intervals_a_little_too_wide(
    design: tuple[int, int, tuple[float, ...]], record_figure: RecordFigure
) -> None:
    """Components of variance cannot be below 0, so that noise adds to the sum: it errs safely."""
    share = coverage_of_means(*design, 3000)
    record_figure(f"coverage.mean.{label(*design)}", share, "of 95 %")
    assert 0.95 <= share <= 0.98


CASES = {
    "independent": (alone(120), 0.0),
    "crossed12x10": (grid(12, 10), 0.1),
    "crossed16x12": (grid(16, 12), 0.2),
}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", CASES)
def test_intervals_of_kid_cover_93_to_97_times_in_100(
    case: str, record_figure: RecordFigure
) -> None:
    share = coverage_of_kid(*CASES[case], 1000)
    record_figure(f"coverage.kid.{case}", share, "of 95 %")
    assert 0.93 <= share <= 0.97
