"""What the terminal shows: tables, warnings and progress.

Results for people go to stdout, everything said along the way to stderr, so that ``--json`` can
be piped. Names from entries are printed as plain text, never as rich's markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from evaluator.entry.wording import one_line, visible

if TYPE_CHECKING:
    from evaluator.backbones.weights import Weights
    from evaluator.report import Report

__all__ = [
    "Steps",
    "aside",
    "people",
    "plain",
    "show_facts",
    "show_families",
    "show_notices",
    "show_provenance",
    "show_scores",
    "steps",
    "warn",
]


def people() -> Console:
    """The console of results: stdout."""
    return Console(highlight=False)


def aside() -> Console:
    """The console of progress and warnings: stderr."""
    return Console(stderr=True, highlight=False)


def plain(text: str) -> str:
    """``text`` without characters that could steer the terminal."""
    return visible(text)


def warn(title: str, message: str) -> None:
    """A loud panel on stderr."""
    aside().print(
        Panel(
            Text(plain(message)),
            title=Text(title, "bold"),
            border_style="bold yellow",
            padding=(1, 2),
        )
    )


class _RateColumn(ProgressColumn):
    """Steps a second, once known."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.1f}/s", "cyan")


@dataclass(frozen=True, slots=True)
class Steps:
    """A progress bar whose label names the step that is being counted."""

    progress: Progress
    task: TaskID

    def count(self, label: str, done: int, total: int) -> None:
        """Say how far the step named ``label`` is."""
        self.progress.update(self.task, description=label, completed=done, total=total)

    def fetched(self, weights: Weights, done: int, total: int | None) -> None:
        """Say how many bytes of a download are here."""
        whole = total or weights.size or done
        self.count(f"fetching {weights.name} (MiB)", done >> 20, whole >> 20)


@contextmanager
def steps(label: str) -> Iterator[Steps]:
    """A progress bar on stderr: count, rate and time left; a spinner until a total is known."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
        console=aside(),
    )
    with progress:
        yield Steps(progress, progress.add_task(label, total=None))


def show_scores(report: Report) -> None:
    """The table of metrics, the refused ones with their reasons, notices and provenance."""
    from evaluator.presentation import costs, refusals, rows

    console = people()
    console.print(Text(one_line(report.entry.name, 80), "bold"))
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("metric", no_wrap=True)
    for heading in ("value", "interval", "n"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("better")
    for row in rows(report):
        table.add_row(
            row.metric.title, Text(row.value, "bold"), row.interval or "–", str(row.n), row.arrow
        )
    for cost in costs(report):
        cells = (cost.metric.title, cost.value, "–", str(cost.n), "")
        table.add_row(*(Text(cell, "dim") for cell in cells))
    console.print(table)
    for refusal in refusals(report):
        console.print(Text(f"{refusal.title} is refused: {refusal.reason}", "yellow"))
    show_families(report)
    show_notices(report.notices)
    show_provenance(report)


def show_families(report: Report) -> None:
    """The leading metrics for each style family; nothing for fewer than two families."""
    from evaluator.presentation import LEADING, arrow, metrics_in_order, number

    if len(report.families) < 2:
        return
    metrics = [m for m in metrics_in_order(report.families[0].scores) if m.name in LEADING]
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("family", no_wrap=True)
    for heading in ("n", *(f"{metric.short} {arrow(metric)}" for metric in metrics)):
        table.add_column(heading, justify="right", no_wrap=True)
    for family in report.families:
        values = (number(family.scores[metric.name], metric.digits) for metric in metrics)
        table.add_row(Text(plain(family.family)), str(family.n), *values)
    people().print()
    people().print(table)


def show_notices(notices: Iterable[str]) -> None:
    """What must be known before a score is used."""
    for notice in notices:
        people().print(Text(f"! {plain(notice)}", "bold yellow"))


def show_provenance(report: Report) -> None:
    """What a score's meaning depends on, in three quiet lines."""
    facts = report.provenance
    people().print(
        Text(
            f"protocol {facts.protocol} ({facts.protocol_digest[:12]}), "
            f"dataset {facts.dataset} {facts.dataset_version} ({facts.dataset_digest[:12]}), "
            f"entry {report.entry.digest[:12]}\n"
            f"evaluator {facts.evaluator_version}, PyTorch {facts.torch_version}, "
            f"device {facts.device}, sandbox {facts.sandbox_rung}, seed {facts.seed}",
            "dim",
        )
    )


def show_facts(title: str, facts: Mapping[str, str]) -> None:
    """Named values, one a line."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, value in facts.items():
        table.add_row(name, Text(plain(value)))
    people().print(Text(f"\n{title}", "bold"))
    people().print(table)
