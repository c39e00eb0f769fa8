"""``python -m evaluator.compact``: train the compact networks, take them in, measure them.

    train     pictures, targets, the three trainings; weights in the work folder
    ship      copy the weights into the package and write their digests
    evaluate  rank correlation and speed against the real networks, as a page of Markdown

All of it works on one thread and goes on where it was interrupted. Nothing of the folders of real
weights and pictures is copied into the package.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from evaluator.errors import StyleArenaError

app = typer.Typer(help="Train and measure the compact networks.", no_args_is_help=True)

EXIT_REFUSED = 2

Weights = Annotated[Path, typer.Option(help="Folder of the real pretrained networks.")]
Images = Annotated[Path, typer.Option(help="Folder with pictures in content/ and style/.")]
Entries = Annotated[list[Path], typer.Option("--entry", help="ONNX entry that stylises; repeat.")]
Work = Annotated[Path, typer.Option(help="Folder for pictures, targets, states and logs.")]


@app.command()
def train(
    weights: Weights,
    images: Images,
    work: Work,
    entry: Entries,
    check: Annotated[
        list[Path], typer.Option(help="ONNX entry that the learning is checked with; repeat.")
    ],
    network: Annotated[
        list[str] | None, typer.Option(help="vgg, lpips, inception; all of them if none.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Folder of weights to begin with, as train writes them.")
    ] = None,
    groups: Annotated[int, typer.Option(min=8, help="Groups of training pictures.")] = 200,
    sets: Annotated[int, typer.Option(min=8, help="Sets of training pictures.")] = 800,
    steps: Annotated[int, typer.Option(min=10, help="Of each network.")] = 3000,
    seed: Annotated[int, typer.Option(help="Of pictures and training.")] = 1,
) -> None:
    """Train the networks; entries named here must not be used again to evaluate them."""
    from evaluator.compact.workflow import Plan, train_all

    plan = Plan(
        *(weights, images, work, tuple(entry), tuple(check), start),
        groups=groups,
        sets=sets,
        steps=steps,
        seed=seed,
    )
    for path in train_all(plan, tuple(network or ())):
        print(path)


@app.command()
def ship(work: Work) -> None:
    """Take the trained weights into the package: the protocol's digest changes with them."""
    from evaluator.compact.shipping import ship_all

    for name, file in ship_all(work).items():
        print(f"{name}: {file.size:,} bytes, sha256 {file.sha256}")


@app.command()
def evaluate(
    weights: Weights,
    images: Images,
    entry: Entries,
    page: Annotated[Path, typer.Option(help="Markdown file to write.")],
    pairs: Annotated[int, typer.Option(min=4, help="Pairs of pictures, which sets hold.")] = 96,
    judged: Annotated[
        int, typer.Option(min=4, help="Pairs that content, style loss and LPIPS are taken of.")
    ] = 64,
    seed: Annotated[int, typer.Option(help="Of the pictures.")] = 3,
) -> None:
    """Judge held-out pictures by the compact and the real networks; entries of no training only."""
    from evaluator.compact.workflow import evaluate_all

    found = evaluate_all(*(weights, images, entry, page), pairs=pairs, judged=judged, seed=seed)
    for name, value in found.items():
        print(f"{name} {value:.3f}")


if __name__ == "__main__":
    try:
        app(prog_name="python -m evaluator.compact")
    except StyleArenaError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(EXIT_REFUSED) from None
