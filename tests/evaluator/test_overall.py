"""Overall scores from values and rows alone: intervals, composites of a pair and a set metric."""

from dataclasses import replace

import numpy as np
import pytest

from evaluator.crossing import Crossing
from evaluator.intervals import crossed_resamples, percentile_interval
from evaluator.overall import Sample, overall_scores
from evaluator.protocols import Bootstrap, MetricSpec, protocol
from tests.evaluator.metrics.clouds import cloud

CONTENTS = [f"c{i}" for i in range(8) for _ in range(5)]
STYLES = [f"s{j}" for _ in range(8) for j in range(5)]
SPECS = (
    MetricSpec("lpips_fid", (("network", "squeeze"),)),
    MetricSpec("lpips_squeeze"),
    MetricSpec("fid"),
)


def sample(*specs: MetricSpec, reference_shift: float = 0.3) -> Sample:
    made = replace(
        protocol("untrained-1"),
        metrics=specs,
        bootstrap=Bootstrap(replicates=80, set_replicates=50),
    )
    return Sample(
        protocol=made,
        crossing=Crossing.of(CONTENTS, STYLES),
        resamples=crossed_resamples(CONTENTS, STYLES, replicates=80, seed=3),
        values={"lpips_squeeze": np.random.default_rng(1).uniform(0.2, 0.6, 40)},
        features={"inception": cloud(5, 40, 10)},
        reference=lambda _need: cloud(6, 30, 10, shift=reference_shift),
    )


def test_a_composite_is_made_of_values_and_replicates_of_its_parts() -> None:
    found, refused = overall_scores(sample(*SPECS))
    assert refused == {}
    lpips, fid = (found[name] for name in ("lpips_squeeze", "fid"))
    both = found["lpips_fid"]
    assert both.score.value == (1 + lpips.score.value) * (1 + fid.score.value)
    expected = (1 + lpips.replicates[:50]) * (1 + fid.replicates)
    assert both.replicates == pytest.approx(expected)
    assert both.score.low is not None
    assert both.score.high is not None
    assert both.score.low < both.score.value < both.score.high


def test_scores_come_in_the_catalogue_s_order_whatever_the_protocol_s() -> None:
    orders = [list(overall_scores(sample(*specs))[0]) for specs in (SPECS, SPECS[::-1])]
    assert orders[0] == orders[1]


def test_fid_s_interval_is_that_of_replicates_moved_onto_the_value() -> None:
    found = overall_scores(sample(MetricSpec("fid")))[0]["fid"]
    moved = found.replicates - np.median(found.replicates) + found.score.value
    assert (found.score.low, found.score.high) == pytest.approx(percentile_interval(moved, 0.95))


def test_an_interval_ends_where_values_do() -> None:
    specs = [MetricSpec(name, (("k", 5),)) for name in ("precision", "recall", "coverage")]
    found, _ = overall_scores(sample(*specs, reference_shift=0.0))
    for name, each in found.items():
        assert each.score.low is not None, name
        assert each.score.high is not None, name
        assert 0 <= each.score.low <= each.score.high <= 1, name


def test_the_interval_of_a_mean_is_no_wider_than_its_pairs_allow() -> None:
    """Independent values: the crossed resamples alone would make it 1.7 times as wide."""
    score = overall_scores(sample(MetricSpec("lpips_squeeze")))[0]["lpips_squeeze"].score
    values = sample().values["lpips_squeeze"]
    expected = 2 * 2.02 * values.std(ddof=1) / 40**0.5
    assert score.low is not None
    assert score.high is not None
    assert 0.6 * expected < score.high - score.low < 1.6 * expected


def test_the_interval_of_a_loss_ends_at_0() -> None:
    """Few pairs that differ much: the spread alone would reach below."""
    few = replace(sample(MetricSpec("style_loss")), values={"style_loss": np.geomspace(1, 1e4, 40)})
    score = overall_scores(few)[0]["style_loss"].score
    assert score.low == 0.0


@pytest.mark.parametrize("name", ["kid", "precision", "recall", "density", "coverage"])
def test_references_are_asked_for_like_outputs(name: str) -> None:
    """40 pairs are enough, 30 references are not."""
    parameters = () if name == "kid" else (("k", 5),)
    found, refused = overall_scores(sample(MetricSpec(name, parameters, minimum=35)))
    assert found == {}
    assert refused[name].endswith("needs a style reference set of at least 35 pictures.")
    assert name in overall_scores(sample(MetricSpec(name, parameters, minimum=30)))[0]
