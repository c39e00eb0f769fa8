"""``stylearena evaluate``: run an entry on a dataset in the sandbox and score its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evaluator.specs import DEFAULT_PROTOCOL

if TYPE_CHECKING:
    from evaluator.report import Report

__all__ = ["evaluate"]

PairSeconds = Annotated[
    float | None,
    typer.Option(
        min=1,
        help="What the entry may take for one pair. A site gives it what is the default.",
        show_default="30",
    ),
]


def evaluate(
    entry: Annotated[
        Path, typer.Argument(help="The entry: a .zip with entry.toml, or a bare .onnx model.")
    ],
    dataset: Annotated[
        str, typer.Option(help="'demo', 'demo-heldout' or a dataset's folder.", metavar="NAME|DIR")
    ] = "demo",
    protocol: Annotated[
        str | None,
        typer.Option(
            help="How to score; see 'stylearena protocols'.", show_default=DEFAULT_PROTOCOL
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="Where to run: cpu or cuda.")] = "cpu",
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where the results go.", metavar="DIR", show_default="./stylearena-<entry name>"
        ),
    ] = None,
    pair_seconds: PairSeconds = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON, and nothing else, on stdout.")
    ] = False,
) -> None:
    """Run an entry in the sandbox on every pair of a dataset, and score the results.

    Writes report.json, report.html and outputs/PAIR.png. The numbers are those of the site for
    the same entry, dataset and protocol. A run that is interrupted goes on where it stopped when
    the same command is given again.
    """
    folder = out or Path(f"stylearena-{entry.stem or 'entry'}")
    report = _run(entry, dataset, protocol, device, folder, pair_seconds)
    if json:
        print(report.model_dump_json(indent=2))
        return
    from evaluator.commands.console import people, show_scores

    show_scores(report)
    people().print(f"\nresults in {folder}/: report.html, report.json, outputs/", markup=False)


def _run(
    entry: Path,
    dataset: str,
    protocol: str | None,
    device: str,
    folder: Path,
    pair_seconds: float | None,
) -> Report:
    from evaluator.commands.console import aside, steps
    from evaluator.entry.wording import one_line
    from evaluator.evaluate import evaluate as run

    _warn_of_a_weak_sandbox(entry)
    try:
        with steps("preparing") as bar:
            return run(
                entry,
                dataset,
                protocol=protocol,
                device=device,
                out=folder,
                pair_seconds=pair_seconds,
                on_painted=lambda done, total: bar.count("painting the demo dataset", done, total),
                on_download=bar.fetched,
                on_target=lambda done, total: bar.count("preparing the targets", done, total),
                on_metric=lambda metric, done, total: bar.count(
                    f"resampling {metric}", done, total
                ),
                on_pair=lambda done: bar.count(
                    f"judging {one_line(entry.name, 40)}", done.index + 1, done.total
                ),
            )
    except KeyboardInterrupt:
        aside().print("interrupted: the same command goes on from here", style="yellow")
        raise


def _warn_of_a_weak_sandbox(entry: Path) -> None:
    """Before anything of the entry is looked at; a zip may hold Python, which needs more."""
    from evaluator.commands.console import warn
    from evaluator.sandbox.rungs import best_rung

    if warning := best_rung("onnx" if entry.suffix == ".onnx" else "python").warning:
        warn("THE SANDBOX IS NOT COMPLETE", warning)
