"""``stylearena compare``: which of two reports is better, metric by metric, or that none is.

Differences are paired: both reports drew the same resamples of the same pairs.
"""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from evaluator.intervals import Difference
    from evaluator.report import Report

__all__ = ["compare", "verdict"]

Verdict = Literal["A", "B", "tie"]
VERDICT_COLOURS = {"A": "cyan", "B": "magenta", "tie": "dim"}


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A report.json, or its folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another of the same provenance.")],
    json: Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")] = False,
) -> None:
    """Compare two reports metric by metric, by the intervals of their paired differences.

    Both must come from the same protocol, dataset and evaluator version. Where the interval of a
    difference holds 0, the pairs cannot tell the two entries apart: a tie.
    """
    from evaluator.intervals import paired_differences

    a, b = _load(first), _load(second)
    differences = paired_differences(a, b)
    if json:
        print(json_format.dumps({name: _record(found) for name, found in differences.items()}))
    else:
        _show(a, b, differences)


def verdict(difference: Difference) -> Verdict:
    """Which report is better by a difference A − B: "A", "B" or, undecided, "tie"."""
    from evaluator.metrics.catalogue import metric_info

    if difference.is_tie:
        return "tie"
    a_is_lower = difference.high is not None and difference.high < 0
    return "A" if a_is_lower == metric_info(difference.metric).lower_is_better else "B"


def _load(path: Path) -> Report:
    from evaluator.report import Report

    return Report.load(path / "report.json" if path.is_dir() else path)


def _record(difference: Difference) -> dict[str, float | str | None]:
    return {
        "difference": difference.value,
        "low": difference.low,
        "high": difference.high,
        "better": verdict(difference),
    }


def _show(a: Report, b: Report, differences: dict[str, Difference]) -> None:
    from rich.table import Table
    from rich.text import Text

    from evaluator.commands.console import people, plain, show_notices
    from evaluator.presentation import metrics_in_order, number, span

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("metric")
    for heading in ("A", "B", "A − B", "interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("better")
    for metric in metrics_in_order(differences):
        found, digits = differences[metric.name], metric.digits
        better = verdict(found)
        table.add_row(
            metric.title,
            number(a.overall[metric.name].value, digits),
            number(b.overall[metric.name].value, digits),
            number(found.value, digits),
            span(found.low, found.high, digits) or "–",
            Text(better, VERDICT_COLOURS[better]),
        )
    console = people()
    console.print(Text(f"A  {plain(a.entry.name)}\nB  {plain(b.entry.name)}\n", "bold"))
    console.print(table)
    show_notices(dict.fromkeys([*a.notices, *b.notices]))
