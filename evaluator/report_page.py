"""The report as one self-contained HTML page: no request leaves it, nothing is beside it.

Reads a finished report and the run's pictures; computes no score. Names and descriptions are a
stranger's text: everything goes through jinja2's autoescape, links only where they are http(s).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from evaluator.presentation import LEADING, costs, metrics_in_order, number, refusals, rows, size
from evaluator.report_gallery import choose, gallery
from evaluator.report_scatter import scatter

if TYPE_CHECKING:
    from evaluator.datasets import Dataset
    from evaluator.metrics.catalogue import MetricInfo
    from evaluator.protocols import Protocol
    from evaluator.report import EntryInfo, Report

__all__ = ["render_page"]

MAX_PAIRS_LISTED = 600  # report.json has them all
MOST_BESIDE = 100  # characters of a fact that stands beside others
LEAST_SHOWN, MOST_SHOWN, LEAST_FOLDED = 160, 240, 80  # of one of which the rest is unfolded
RUNTIMES = {"onnx": "ONNX", "python": "Python", "pictures": "none: ready-made pictures"}


@dataclass(frozen=True, slots=True)
class Field:
    """A named fact; ``link`` only where the value is a plain web address.

    Of a long value ``rest`` is unfolded by whoever wants to read it.
    """

    name: str
    value: str
    link: bool = False
    rest: str = ""

    @property
    def is_long(self) -> bool:
        """Whether it takes a row of its own."""
        return len(self.value) > MOST_BESIDE


@dataclass(frozen=True, slots=True)
class Cell:
    """A number in a table: exact for sorting, rounded for reading, 0–100 for shading."""

    raw: float
    text: str
    heat: int = 0


@dataclass(frozen=True, slots=True)
class TableRow:
    """A style's or a pair's line."""

    style: str
    cells: list[Cell]
    family: str = ""
    content: str = ""
    n: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Table:
    """Metrics across, styles or pairs down."""

    metrics: list[MetricInfo]
    rows: list[TableRow]


def render_page(
    report: Report,
    dataset: Dataset,
    protocol: Protocol,
    *,
    output: Callable[[str], Path],
    command: str,
) -> str:
    """Render the page. ``output(pair id)`` is the path of that pair's output picture; ``command``
    is the shell command that repeats the run. Raises OrganiserError if a picture is gone.
    """
    extremes, samples = choose(report)
    shown = {chosen.pair.pair for chosen in (*extremes, *samples)}
    overall = rows(report)
    return _template().render(
        entry=report.entry,
        provenance=report.provenance,
        created=report.created_at.astimezone(UTC),
        pair_count=len(report.pairs),
        card=_card(report.entry),
        notices=report.notices,
        leading=[row for row in overall if row.metric.name in LEADING],
        rows=[*overall, *costs(report)],
        refusals=refusals(report),
        level=f"{protocol.bootstrap.level:.0%}",
        interval_note=_interval_note(protocol),
        gallery=gallery(report, dataset, protocol.pictures, output),
        family_table=_family_table(report),
        style_table=_style_table(report),
        scatter=scatter(report, shown),
        pair_table=_pair_table(report),
        was_run=report.entry.runtime != "pictures",
        resources=_resources(report),
        provenance_facts=_provenance(report),
        command=command,
    )


def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("evaluator"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def _card(entry: EntryInfo) -> list[Field]:
    """The model card: what the author said, then what was measured."""
    said = [
        Field("Authors", entry.authors),
        Field("Licence", entry.licence),
        _linked("Paper", entry.paper),
        _linked("Code", entry.code),
        _folded("Training", entry.training),
        _folded("Made for the styles", ", ".join(entry.styles)),
    ]
    measured = [
        Field("Runtime", RUNTIMES[entry.runtime]),
        Field("Handed in", size(entry.size_bytes)),
    ]
    if entry.parameters is not None:
        measured.append(Field("Parameters", f"{entry.parameters:,}"))
    return sorted([field for field in said if field.value] + measured, key=attrgetter("is_long"))


def _folded(name: str, value: str) -> Field:
    """Cut where the value is long: between words, if there are any near."""
    if len(value) <= MOST_SHOWN + LEAST_FOLDED:
        return Field(name, value)
    word = re.search(r"\s\S*\Z", value[LEAST_SHOWN:MOST_SHOWN])
    shown = LEAST_SHOWN + word.start() if word else MOST_SHOWN
    return Field(name, value[:shown], rest=value[shown:])


def _linked(name: str, value: str) -> Field:
    return Field(name, value, link=value.startswith(("https://", "http://")))


def _interval_note(protocol: Protocol) -> str:
    bootstrap = protocol.bootstrap
    return (
        f"Intervals are {bootstrap.level:.0%} bootstrap intervals: contents and styles drawn anew, "
        f"{bootstrap.replicates:,} times ({bootstrap.set_replicates:,} times for metrics of the "
        "whole set), the same draws for every entry; for means and KID their spread is set to that "
        "which the shared pictures of the pairs allow."
    )


def _family_table(report: Report) -> Table | None:
    """None where there is nothing to compare: fewer than two families."""
    if len(report.families) < 2:
        return None
    metrics = metrics_in_order(report.families[0].scores)
    columns = [
        _column(metric, [family.scores[metric.name] for family in report.families])
        for metric in metrics
    ]
    return Table(
        metrics,
        [
            TableRow("", [column[index] for column in columns], family.family, n=family.n)
            for index, family in enumerate(report.families)
        ],
    )


def _style_table(report: Report) -> Table:
    styles = sorted(report.styles, key=lambda style: (style.family, style.style))
    metrics = metrics_in_order(styles[0].scores if styles else ())
    columns = [
        _column(metric, [style.scores[metric.name] for style in styles]) for metric in metrics
    ]
    return Table(
        metrics,
        [
            TableRow(style.style, [column[index] for column in columns], style.family, n=style.n)
            for index, style in enumerate(styles)
        ],
    )


def _column(metric: MetricInfo, values: Sequence[float]) -> list[Cell]:
    """Cells shaded from 0 at the column's best value to 100 at its worst."""
    low, high = min(values), max(values)
    best, worst = (low, high) if metric.lower_is_better else (high, low)
    extent = worst - best or 1.0
    return [
        Cell(value, number(value, metric.digits), round(100 * (value - best) / extent))
        for value in values
    ]


def _pair_table(report: Report) -> Table | None:
    if not 0 < len(report.pairs) <= MAX_PAIRS_LISTED:
        return None
    metrics = metrics_in_order(report.pairs[0].values)
    return Table(
        metrics,
        [
            TableRow(
                style=pair.style,
                cells=[
                    Cell(pair.values[metric.name], number(pair.values[metric.name], metric.digits))
                    for metric in metrics
                ],
                content=pair.content,
                seconds=pair.seconds,
            )
            for pair in report.pairs
        ],
    )


def _resources(report: Report) -> list[Field]:
    timings = report.timings
    peak = timings.peak_memory_bytes
    if report.entry.runtime == "pictures":
        return [Field("Scoring all pairs", f"{timings.total_seconds:.1f} s")]
    return [
        Field("Stylising a pair (median)", f"{timings.stylize_seconds * 1000:.0f} ms"),
        Field("Starting the entry", f"{timings.startup_seconds:.1f} s"),
        Field("Whole run", f"{timings.total_seconds:.1f} s"),
        Field("Peak memory", "not measured" if peak is None else size(peak)),
    ]


def _provenance(report: Report) -> list[Field]:
    facts = report.provenance
    return [
        Field("Entry (sha256)", report.entry.digest),
        Field("Protocol", facts.protocol),
        Field("Protocol digest", facts.protocol_digest),
        Field("Dataset", f"{facts.dataset} {facts.dataset_version}"),
        Field("Dataset digest", facts.dataset_digest),
        Field("Evaluator", facts.evaluator_version),
        *(Field(f"Weights {name}", digest) for name, digest in sorted(facts.weights.items())),
        Field("Sandbox", facts.sandbox_rung),
        Field("Device", facts.device),
        Field("PyTorch", facts.torch_version),
        Field("onnxruntime", facts.onnxruntime_version or "not recorded"),
        Field("Seed", str(facts.seed)),
    ]
