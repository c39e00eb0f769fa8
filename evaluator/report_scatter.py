"""The report page's scatter plot: content loss against style loss, one dot a pair, as SVG numbers.

Coordinates are those of the template's drawing: 640 wide, 340 high, the origin at the top left.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluator.metrics.catalogue import metric_info
from evaluator.presentation import number

if TYPE_CHECKING:
    from evaluator.report import PairScores, Report

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
    """Everything that the drawing shows; ``of`` so many pairs, of which ``dots`` may be a part."""

    label: str
    of: int
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
    x_top = _top(max(pair.values[X_METRIC] for pair in pairs))
    y_top = _top(max(pair.values[Y_METRIC] for pair in pairs))
    shown = _shown(pairs, ringed)
    x_title, y_title = metric_info(X_METRIC).title, metric_info(Y_METRIC).title
    return Scatter(
        label=f"{x_title} against {y_title} of {len(shown)} pairs",
        of=len(pairs),
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
            for pair in shown
        ],
    )


def _shown(pairs: Sequence[PairScores], ringed: Collection[str]) -> list[PairScores]:
    """The ringed ones, drawn last, and of many others every so many, so that none are favoured."""
    set_off = [pair for pair in pairs if pair.pair in ringed]
    others = [pair for pair in pairs if pair.pair not in ringed]
    stride = max(1, math.ceil(len(others) / max(1, MAX_DOTS - len(set_off))))
    return others[::stride] + set_off


def _top(largest: float) -> float:
    """The axis' end: the first tick at or above ``largest``; 1 where all values are 0."""
    if largest <= 0:
        return 1.0
    step = _step(largest)
    return step * math.ceil(largest / step * 1.02)


def _step(extent: float) -> float:
    """A distance of 1, 2 or 5 times a power of ten that cuts ``extent`` into 2 to 5 parts."""
    power: float = 10.0 ** math.floor(math.log10(extent / 2))
    # Rounding may put the power a digit above half the extent: it is the step then.
    return max(
        (factor * power for factor in (1, 2, 5) if factor * power <= extent / 2), default=power
    )


def _ticks(top: float) -> list[float]:
    step = _step(top)
    return [step * index for index in range(int(top / step * 1.001) + 1)]


def _short(value: float) -> str:
    """A tick's number without trailing zeros; 3 digits tell all multiples of a step apart."""
    return f"{value:,.0f}" if value >= 1000 and value < 1e7 else f"{value:.3g}"
