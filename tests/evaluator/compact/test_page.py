"""The page of figures that comes with the package: of these weights, and honest about them.

``python -m evaluator.compact evaluate`` writes it; here its own words are read back.
"""

import re
from pathlib import Path

import pytest

from evaluator.compact.page import METRICS, TARGETS
from evaluator.compact.shipped import SHIPPED
from evaluator.metrics.catalogue import metric_info
from evaluator.protocols import DEFAULT_PROTOCOL, protocol

PAGE = Path(__file__).parents[3] / "evaluator" / "docs" / "compact.md"
LEAST_PICTURES = 300


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


def cells(page: str, metric: str) -> list[float]:
    """Pictures, ρ over all, within a pair and of methods."""
    title = re.escape(metric_info(metric).title)
    row = re.search(rf"^\| {title} \| (.*) \|$", page, re.MULTILINE)
    assert row, metric
    return [float(cell) for cell in row[1].split(" | ")[:4]]


def test_it_is_of_the_weights_that_are_shipped(page: str) -> None:
    assert all(f"{name} `{file.sha256[:12]}`" in page for name, file in SHIPPED.items())


@pytest.mark.parametrize("metric", METRICS)
def test_it_is_of_enough_pictures(page: str, metric: str) -> None:
    assert cells(page, metric)[0] >= LEAST_PICTURES


@pytest.mark.parametrize("metric", METRICS)
def test_every_correlation_stands_beside_what_is_wanted(page: str, metric: str) -> None:
    assert all(-1 <= rho <= 1 for rho in cells(page, metric)[1:])
    assert str(TARGETS.get(metric, "–")) in page


def test_fid_s_sets_are_as_large_as_the_protocol_asks_for(page: str) -> None:
    found = re.search(r"FID of (\d+) sets of (\d+) outputs", page)
    assert found
    assert int(found[2]) >= protocol("compact-1").metric("fid").minimum


def test_networks_that_fall_short_are_no_default(page: str) -> None:
    """Whoever trains them better may make them one, and then this test must hold."""
    found = re.search(r"ρ with FID-768 \*\*(-?[\d.]+)\*\*", page)
    assert found
    reached = {metric: cells(page, metric)[1] for metric in METRICS} | {"fid": float(found[1])}
    falls_short = any(reached[name] < TARGETS[name] for name in TARGETS.keys() & reached.keys())
    assert falls_short is ("experimental" in protocol("compact-1").title)
    assert not (falls_short and protocol(DEFAULT_PROTOCOL).name.startswith("compact"))


def test_the_networks_are_many_times_faster_and_the_target_stands_beside_it(page: str) -> None:
    found = re.search(r"\*\*([\d.]+) times\*\* faster \(target ([\d.]+); medians\)", page)
    assert found
    assert float(found[1]) >= float(found[2]) == TARGETS["speed-up"]
