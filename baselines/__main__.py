"""``python -m baselines``: list the methods, export them as entries, check what was exported."""

import sys
from enum import StrEnum
from pathlib import Path

import typer

from evaluator.errors import StyleArenaError

app = typer.Typer(
    name="baselines",
    help="Methods of the field as entry archives.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

NAME = typer.Argument("all", help="A method's name, or all.")
OUT = typer.Option(Path("entries"), "--out", help="The folder to write archives to.")


class Published(StrEnum):
    """Published networks that can be wrapped."""

    FAST_NEURAL_STYLE = "fast-neural-style"
    MICROAST = "microast"
    ADAIN = "adain"


class Runtime(StrEnum):
    """What runs the entry."""

    ONNX = "onnx"
    PYTHON = "python"


@app.command("list")
def list_methods() -> None:
    """Print each method's name and source."""
    from baselines.registry import METHODS

    for method in METHODS.values():
        print(f"{method.name:18} {method.card.name}: {method.card.paper}")


@app.command()
def export(name: str = NAME, out: Path = OUT) -> None:
    """Write entry archives and print their paths."""
    from baselines.export import export_method
    from baselines.registry import find

    for method in find(name):
        print(export_method(method, out))


@app.command()
def check(name: str = NAME, out: Path = OUT) -> None:
    """Open the exported archives as the evaluator does and compare them with their references."""
    from baselines.parity import check_method
    from baselines.registry import find

    for method in find(name):
        difference = check_method(method, out / f"{method.name}.zip")
        print(f"{method.name}: largest difference {difference:.2g} of {method.tolerance:.2g}")


@app.command()
def wrap(
    network: Published,
    weights: list[Path] = typer.Option(..., help="The published weights; repeat for more files."),
    out: Path = OUT,
    runtime: Runtime = typer.Option(Runtime.ONNX, help="Python: for microast."),
) -> None:
    """Make entries of published networks from their weights and print their paths."""
    from baselines.networks.published import wrap_published

    for path in wrap_published(network.value, weights, out, runtime=runtime.value):
        print(path)


def main() -> None:
    """Run the command line; refusals end with one sentence and exit code 2."""
    try:
        app()
    except StyleArenaError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
