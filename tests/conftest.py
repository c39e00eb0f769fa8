"""Fixtures of every suite: caches that are not the user's, real weights and pictures, figures.

Real weights and pictures lie outside the repository; tests that need them are skipped elsewhere.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agreement.rows import ROWS
from tests.figures import Figure, append_figure

ROOT = Path(__file__).resolve().parents[1]

RecordFigure = Callable[[str, float, str], None]
Agree = Callable[[str, float], None]

FIGURE = "figure"  # the property of a test's report that holds one


def _shared(part: str) -> Path:
    root = Path(os.environ.get("STYLEARENA_SHARED") or ROOT.parent / "shared")
    if not (root / part).is_dir():
        pytest.skip(f"no {part} in {root}; set STYLEARENA_SHARED to the folder that holds them")
    return root / part


@pytest.fixture(scope="session")
def shared_weights() -> Path:
    """The folder of real pretrained weights."""
    return _shared("weights")


@pytest.fixture(scope="session")
def shared_images() -> Path:
    """The folder of real pictures, in ``content`` and ``style``."""
    return _shared("images")


@pytest.fixture
def record_figure(request: pytest.FixtureRequest) -> RecordFigure:
    """Have ``figure NAME VALUE UNIT`` printed at the end, and added to STYLEARENA_FIGURES if set.

    It travels with the test's report, so that it is not lost in a worker process.
    """

    def record(name: str, value: float, unit: str) -> None:
        figure = Figure(name, float(value), unit)
        request.node.user_properties.append((FIGURE, str(figure)))
        if path := os.environ.get("STYLEARENA_FIGURES"):
            append_figure(Path(path), figure)

    return record


@pytest.fixture
def agree(record_figure: RecordFigure) -> Agree:
    """Record a relative difference to another package and hold it to what ``ROWS`` says of it."""

    def check(name: str, difference: float) -> None:
        record_figure(f"agreement.{name}", difference, "relative")
        tolerance = ROWS[name].tolerance
        assert tolerance is None or difference <= tolerance, name

    return check


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that compare with other packages, for ``python -m tests.agreement``."""
    for item in items:
        if "agree" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.agreement)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of all tests, those of worker processes among them."""
    for reports in list(terminalreporter.stats.values()):
        for report in reports:
            if getattr(report, "when", "") == "call":
                for kind, text in report.user_properties:
                    if kind == FIGURE:
                        terminalreporter.write_line(text)
