"""An entry's scores style by style as a heat table: pure, from a report to template-ready cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.metrics.catalogue import METRICS, MetricInfo
from evaluator.report import StyleScores

__all__ = ["HEATS", "StyleCell", "StyleRow", "StyleTable", "heat", "style_table"]

HEATS = 10


@dataclass(frozen=True, slots=True)
class StyleCell:
    """One score of one style; ``heat`` runs from 0 (the column's best) to 9 (its worst)."""

    metric: MetricInfo
    value: float | None
    heat: int | None


@dataclass(frozen=True, slots=True)
class StyleRow:
    style: str
    family: str
    n: int
    cells: Sequence[StyleCell]


@dataclass(frozen=True, slots=True)
class StyleTable:
    columns: Sequence[MetricInfo]
    rows: Sequence[StyleRow]
    scale: range = range(HEATS)


def style_table(styles: Sequence[StyleScores]) -> StyleTable:
    """The metrics that any style has a score in, in display order, with each column heated."""
    columns = [info for name, info in METRICS.items() if any(name in s.scores for s in styles)]
    heated = {
        info.name: heat([style.scores.get(info.name) for style in styles], info) for info in columns
    }
    rows = [
        StyleRow(
            style.style,
            style.family,
            style.n,
            [StyleCell(c, style.scores.get(c.name), heated[c.name][i]) for c in columns],
        )
        for i, style in enumerate(styles)
    ]
    return StyleTable(columns, rows)


def heat(values: Sequence[float | None], metric: MetricInfo) -> list[int | None]:
    """Each value's place between the best (0) and the worst (9) of them; all equal gives 0."""
    known = [value for value in values if value is not None]
    if not known:
        return [None] * len(values)
    best, worst = (min, max) if metric.lower_is_better else (max, min)
    low, span = best(known), worst(known) - best(known)
    if not span:
        return [None if value is None else 0 for value in values]
    return [None if v is None else round((v - low) / span * (HEATS - 1)) for v in values]
