"""How scores are written for people: the terminal's table and the report page say the same.

Pure functions from a report to text; no markup of either medium.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluator.metrics.catalogue import METRICS, MetricInfo

if TYPE_CHECKING:
    from evaluator.report import Report, Score

__all__ = [
    "LEADING",
    "Refusal",
    "ScoreRow",
    "arrow",
    "costs",
    "in_brief",
    "metrics_in_order",
    "number",
    "refusals",
    "rows",
    "size",
    "span",
]

LEADING = ("total_loss", "content_loss", "style_loss", "fid")
"""The metrics that are shown first and largest."""

PLAIN_BELOW = 1e7  # larger numbers are written with an exponent
BYTES_IN_UNIT = 1024


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One metric of a report, in words."""

    metric: MetricInfo
    value: str
    interval: str
    n: int
    arrow: str
    direction: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A metric that the sample does not support, and why."""

    title: str
    reason: str


def number(value: float, digits: int) -> str:
    """``value`` with ``digits`` significant digits, like ``0.0123``, ``45,600`` or ``1.20e-7``."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    if 10**digits <= abs(rounded) < PLAIN_BELOW:
        return f"{rounded:,.0f}"
    return _short_exponent(f"{rounded:#,.{digits}g}".removesuffix("."))


def size(count: int) -> str:
    """A number of bytes, like ``12.5 MiB``."""
    amount, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB"):
        if amount < BYTES_IN_UNIT:
            break
        amount, unit = amount / BYTES_IN_UNIT, larger
    return f"{amount:,.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"


def _short_exponent(text: str) -> str:
    """``1.2e-07`` as ``1.2e-7``."""
    if "e" not in text:
        return text
    return re.sub(r"e([+-])0*", lambda found: "e-" if found[1] == "-" else "e", text)


def span(low: float | None, high: float | None, digits: int) -> str:
    """``low – high``, or nothing where there is no interval."""
    if low is None or high is None:
        return ""
    return f"{number(low, digits)} – {number(high, digits)}"


def metrics_in_order(names: Iterable[str]) -> list[MetricInfo]:
    """The known metrics among ``names``, in the catalogue's order."""
    wanted = set(names)
    return [info for name, info in METRICS.items() if name in wanted]


def rows(report: Report) -> list[ScoreRow]:
    """The overall scores, in the catalogue's order."""
    return [_row(info, report.overall[info.name]) for info in metrics_in_order(report.overall)]


def costs(report: Report) -> list[ScoreRow]:
    """What the run took, as rows of their own: for information, never for ranking.

    Nothing for ready-made pictures, and no memory where it was not measured.
    """
    if report.entry.runtime == "pictures":
        return []
    peak = report.timings.peak_memory_bytes
    known = {
        "stylize_seconds": report.timings.stylize_seconds,
        "peak_memory": None if peak is None else peak / BYTES_IN_UNIT**2,
    }
    return [
        _cost(METRICS[name], value, len(report.pairs))
        for name, value in known.items()
        if value is not None
    ]


def refusals(report: Report) -> list[Refusal]:
    """The metrics that were refused, in the catalogue's order."""
    return [
        Refusal(info.title, report.refused[info.name]) for info in metrics_in_order(report.refused)
    ]


def in_brief(report: Report) -> str:
    """A few lines for whoever looks at a report in Python: what was judged, and the scores."""
    from evaluator.entry.wording import one_line

    facts = report.provenance
    head = (
        f"Report: {one_line(report.entry.name, 80)}, {len(report.pairs)} pairs of {facts.dataset} "
        f"{facts.dataset_version}, protocol {facts.protocol}"
    )
    scores = [(row.metric.name, f"{row.value}  {row.interval}".rstrip()) for row in rows(report)]
    lines = [*scores, *((info.name, "refused") for info in metrics_in_order(report.refused))]
    width = max((len(name) for name, _ in lines), default=0)
    return "\n".join([head, *(f"  {name:<{width}}  {said}" for name, said in lines)])


def arrow(metric: MetricInfo) -> str:
    return "↓" if metric.lower_is_better else "↑"


def _cost(metric: MetricInfo, value: float, n: int) -> ScoreRow:
    text = f"{number(value, metric.digits)} {metric.unit}"
    return ScoreRow(metric, text, interval="", n=n, arrow="", direction="for information")


def _row(metric: MetricInfo, score: Score) -> ScoreRow:
    return ScoreRow(
        metric=metric,
        value=number(score.value, metric.digits),
        interval=span(score.low, score.high, metric.digits),
        n=score.n,
        arrow=arrow(metric),
        direction="lower is better" if metric.lower_is_better else "higher is better",
    )
