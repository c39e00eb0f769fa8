"""The catalogue: what every metric is called and which way is better."""

import pytest

from evaluator.errors import ParticipantError
from evaluator.metrics.catalogue import METRICS, metric_info
from evaluator.protocols import MetricSpec
from evaluator.set_measures import composite, set_measure

PARAMETERS = tuple(
    (name, 3)
    for name in ("k", "points", "smallest", "seed", "subsets", "size", "threshold", "network")
)


def test_the_total_comes_first_and_names_are_keys() -> None:
    assert next(iter(METRICS)) == "total_loss"
    assert all(name == info.name for name, info in METRICS.items())


def test_losses_and_distances_are_better_when_lower() -> None:
    lower = [name for name, info in METRICS.items() if info.lower_is_better]
    assert {"total_loss", "content_rmse", "fid", "kid", "mifid", "guard_gap"} <= set(lower)


def test_shares_of_a_manifold_are_better_when_higher() -> None:
    higher = {name for name, info in METRICS.items() if not info.lower_is_better}
    assert {"precision", "recall", "density", "coverage", "memorisation_distance"} <= higher


def test_metrics_of_whole_sets_have_a_measure_and_those_of_pairs_none() -> None:
    for name, info in METRICS.items():
        spec = MetricSpec(name, PARAMETERS)
        made = set_measure(spec) or composite(spec)
        assert (made is not None) == (info.scope == "set"), name


def test_an_unknown_metric_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ParticipantError, match="style_rmse") as caught:
        metric_info("beauty")
    assert caught.value.code == "metric.unknown"
