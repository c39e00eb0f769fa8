"""``stylearena metrics``: what is measured, and the whole definition of each metric."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evaluator.metrics.pages import MetricPage

__all__ = ["metrics"]


def metrics(
    name: Annotated[
        str | None, typer.Argument(help="A metric's name, for its whole definition.")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(help="Write the page of every metric into a folder.", metavar="DIR"),
    ] = None,
) -> None:
    """List all metrics, or show the definition, range and pitfalls of one."""
    if write is not None:
        _write(write)
    elif name is None:
        _table()
    else:
        from evaluator.metrics.pages import metric_page

        _show(metric_page(name))


def _table() -> None:
    from rich.table import Table

    from evaluator.commands.console import people
    from evaluator.metrics.catalogue import METRICS
    from evaluator.metrics.facts import FACTS
    from evaluator.metrics.pages import direction

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("name", "metric", "better", "range", "of", "reference"):
        table.add_column(heading, no_wrap=heading in ("name", "better", "of"))
    for name, info in METRICS.items():
        facts = FACTS[name]
        table.add_row(
            name,
            info.title,
            direction(info),
            _literal(str(facts.range)),
            info.scope,
            facts.reference,
        )
    people().print(table)


def _show(page: MetricPage) -> None:
    from rich.text import Text

    from evaluator.commands.console import people, show_facts
    from evaluator.metrics.pages import direction, needed_pairs, scope

    console = people()
    console.print(Text(f"{page.info.title} ({page.info.short})", "bold"))
    console.print(Text(page.info.description))
    facts = {
        "name": page.info.name,
        "better": direction(page.info),
        "range": str(page.facts.range),
        "unit": page.info.unit or "none",
        "measured on": scope(page.info),
        "under": needed_pairs(page.info.name).replace("`", "") or "no protocol",
        "reference": page.facts.reference,
    }
    show_facts("In short", facts)
    console.print(Text("\nDefinition", "bold"))
    for paragraph in page.definition.split("\n\n"):
        console.print(Text(" ".join(paragraph.split())))
    console.print(Text("\nPitfalls", "bold"))
    for pitfall in page.facts.pitfalls:
        console.print(Text(f"- {pitfall}"))


def _literal(text: str) -> str:
    """Square brackets as they are, not as rich's markup."""
    from rich.markup import escape

    return escape(text)


def _write(folder: Path) -> None:
    from evaluator.errors import ParticipantError
    from evaluator.metrics.pages import markdown_pages

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in markdown_pages().items():
            (folder / file).write_text(content, encoding="utf-8")
    except OSError as error:
        raise ParticipantError(
            "out.unwritable",
            f"The pages cannot be written to {folder}: {error.strerror}; name another folder.",
        ) from error
