"""``stylearena score``: score pictures that somebody already made, without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evaluator.specs import DEFAULT_PROTOCOL

if TYPE_CHECKING:
    from evaluator.report import Report

__all__ = ["score"]


Outputs = Annotated[
    Path,
    typer.Argument(
        help="A folder with CONTENT__STYLE.png, or .jpg, … for each pair, as evaluate writes it."
    ),
]
ProtocolName = Annotated[
    str | None,
    typer.Option(help="How to score; see 'stylearena protocols'.", show_default=DEFAULT_PROTOCOL),
]
Name = Annotated[
    str | None,
    typer.Option(help="What the method is called.", show_default="the folder's name"),
]
Out = Annotated[
    Path | None,
    typer.Option(help="Where the results go.", metavar="DIR", show_default="./stylearena-<folder>"),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the report as JSON, and nothing else, on stdout.")
]


def score(
    outputs: Outputs,
    dataset: Annotated[
        str, typer.Option(help="'demo', 'demo-heldout' or a dataset's folder.", metavar="NAME|DIR")
    ] = "demo",
    protocol: ProtocolName = None,
    name: Name = None,
    device: Annotated[str, typer.Option(help="Where to score: cpu or cuda.")] = "cpu",
    out: Out = None,
    json: Json = False,
) -> None:
    """Score ready-made pictures on every pair of a dataset.

    Writes the same report.json, report.html and outputs/ as evaluate. The pictures must have their
    content picture's size, and count as they are, with a JPEG's losses. Nothing is known of how
    they were made, so boards do not take them.
    """
    folder = out or Path(f"stylearena-{outputs.resolve().name}")
    report = _run(outputs, dataset, protocol, name, device, folder)
    if json:
        print(report.model_dump_json(indent=2))
        return
    from evaluator.commands.console import people, show_scores

    show_scores(report)
    people().print(f"\nresults in {folder}/: report.html, report.json, outputs/", markup=False)


def _run(
    outputs: Path, dataset: str, protocol: str | None, name: str | None, device: str, folder: Path
) -> Report:
    from evaluator.commands.console import steps
    from evaluator.score_outputs import score_outputs

    with steps("preparing") as bar:
        return score_outputs(
            outputs,
            dataset,
            name=name,
            protocol_name=protocol,
            device=device,
            out=folder,
            on_painted=lambda done, total: bar.count("painting the demo dataset", done, total),
            on_download=bar.fetched,
            on_target=lambda done, total: bar.count("preparing the targets", done, total),
            on_metric=lambda metric, done, total: bar.count(f"resampling {metric}", done, total),
            on_pair=lambda done: bar.count("scoring", done.index + 1, done.total),
        )
