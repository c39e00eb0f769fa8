"""The report page's scatter plot: content loss against style loss, one dot a pair, as SVG numbers.

Coordinates are those of the template's drawing: 640 wide, 340 high, the origin at the top left.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluator.metrics.catalogue import metric_info
from evaluator.presentation import number

if TYPE_CHECKING:
    from evaluator.report import Report

__all__ = ["Dot", "Scatter", "Tick", "scatter"]

WIDTH, HEIGHT = 640, 340
X_METRIC, Y_METRIC = "content_loss", "style_loss"
MAX_DOTS = 2000  # more would be a grey cloud and a heavy page


@dataclass(frozen=True, slots=True)
class Dot:
    """A pair's place, its description and whether it is set off from the others."""

    x: float
    y: float
    label: str
    ringed: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A grid line's place on its axis and its text."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """Everything that the drawing shows."""

    label: str
    x_title: str
    y_title: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    dots: list[Dot]


def scatter(report: Report, ringed: Collection[str]) -> Scatter | None:
    """The plot of a report, the ``ringed`` pairs (by id) on top; None without both losses."""
    pairs = [pair for pair in report.pairs if X_METRIC in pair.values and Y_METRIC in pair.values]
    if not pairs:
        return None
    pairs = sorted(pairs[:MAX_DOTS], key=lambda pair: pair.pair in ringed)
    x_top = _top(max(pair.values[X_METRIC] for pair in pairs))
    y_top = _top(max(pair.values[Y_METRIC] for pair in pairs))
    x_title, y_title = metric_info(X_METRIC).title, metric_info(Y_METRIC).title
    return Scatter(
        label=f"{x_title} against {y_title} of {len(pairs)} pairs",
        x_title=x_title,
        y_title=y_title,
        x_ticks=[Tick(round(WIDTH * tick / x_top, 1), _short(tick)) for tick in _ticks(x_top)],
        y_ticks=[
            Tick(round(HEIGHT * (1 - tick / y_top), 1), _short(tick)) for tick in _ticks(y_top)
        ],
        dots=[
            Dot(
                x=round(WIDTH * pair.values[X_METRIC] / x_top, 1),
                y=round(HEIGHT * (1 - pair.values[Y_METRIC] / y_top), 1),
                label=f"{pair.content} in {pair.style}: "
                f"{number(pair.values[X_METRIC], 3)}, {number(pair.values[Y_METRIC], 3)}",
                ringed=pair.pair in ringed,
            )
            for pair in pairs
        ],
    )


def _top(largest: float) -> float:
    """The axis' end: the first tick at or above ``largest``; 1 where all values are 0."""
    if largest <= 0:
        return 1.0
    step = _step(largest)
    return step * math.ceil(largest / step * 1.02)


def _step(extent: float) -> float:
    """A distance of 1, 2 or 5 times a power of ten that cuts ``extent`` into 2 to 5 parts."""
    power: float = 10.0 ** math.floor(math.log10(extent / 2))
    return max(factor * power for factor in (1, 2, 5) if factor * power <= extent / 2)


def _ticks(top: float) -> list[float]:
    step = _step(top)
    return [step * index for index in range(int(top / step * 1.001) + 1)]


def _short(value: float) -> str:
    """A tick's number without trailing zeros; 3 digits tell all multiples of a step apart."""
    return f"{value:,.0f}" if value >= 1000 and value < 1e7 else f"{value:.3g}"
