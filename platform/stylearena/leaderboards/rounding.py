"""Numbers with the digits that are printed and no more: all that is told of held-out pairs.

An entry chooses its pixels, its time and its memory, and with them the last digits of its scores:
enough exact numbers would carry a held-out picture out. Pure: from numbers to numbers.
"""

import math

from evaluator.metrics.catalogue import METRICS, MetricInfo
from evaluator.report import Report, Score, Timings

__all__ = ["interval_end", "published", "rounded"]

_COST_DIGITS = 2
_OTHER_DIGITS = 3  # of metrics that this version does not know


def published(value: float, metric: MetricInfo) -> float:
    """``value`` with the significant digits that the metric is printed with."""
    return _significant(value, metric.digits)


def interval_end(value: float | None, metric: MetricInfo) -> float | None:
    """An end of an interval, which is printed with a digit less than the value; None stays."""
    return None if value is None else _significant(value, max(metric.digits - 1, 1))


def rounded(report: Report) -> Report:
    """The same report with every score and cost rounded to the digits that pages print."""
    return report.model_copy(
        update={
            "overall": {name: _score(name, score) for name, score in report.overall.items()},
            "styles": [s.model_copy(update={"scores": _means(s.scores)}) for s in report.styles],
            "families": [
                f.model_copy(update={"scores": _means(f.scores)}) for f in report.families
            ],
            "timings": _costs(report.timings),
        }
    )


def _score(name: str, score: Score) -> Score:
    digits = _digits(name)
    spread = max(digits - 1, 1)
    return Score(
        value=_significant(score.value, digits),
        low=None if score.low is None else _significant(score.low, spread),
        high=None if score.high is None else _significant(score.high, spread),
        n=score.n,
    )


def _means(scores: dict[str, float]) -> dict[str, float]:
    return {name: _significant(value, _digits(name)) for name, value in scores.items()}


def _costs(timings: Timings) -> Timings:
    peak = timings.peak_memory_bytes
    return Timings(
        total_seconds=_significant(timings.total_seconds, _COST_DIGITS),
        startup_seconds=_significant(timings.startup_seconds, _COST_DIGITS),
        stylize_seconds=_significant(timings.stylize_seconds, _COST_DIGITS),
        peak_memory_bytes=None if peak is None else int(_significant(peak, _COST_DIGITS)),
    )


def _digits(name: str) -> int:
    return METRICS[name].digits if name in METRICS else _OTHER_DIGITS


def _significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}") if math.isfinite(value) else value
