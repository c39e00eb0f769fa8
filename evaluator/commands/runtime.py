"""``stylearena runtime``: the interpreter and packages that entries run on, as a pinned folder."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    name="runtime",
    help="The interpreter and packages that entries run on.",
    no_args_is_help=True,
)


@app.command()
def build(
    into: Annotated[
        Path | None,
        typer.Option("--into", help="The folder; STYLEARENA_RUNTIME_DIR must name it then."),
    ] = None,
) -> None:
    """Put the runtime of entries in a folder of its own, by links to what is installed.

    Boxes take it from then on, until other versions are installed: build it again after an upgrade.
    """
    from evaluator.commands.console import people
    from evaluator.sandbox.runtime import build_runtime
    from evaluator.sandbox.runtime_build import default_folder

    folder = into.absolute() if into else default_folder()
    pins = build_runtime(folder)
    people().print(
        f"runtime {pins.digest[:12]}: Python {pins.python} and {len(pins.packages)} packages in "
        f"{folder}",
        markup=False,
    )


@app.command()
def show(
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """What an entry may import here, and where it comes from."""
    from evaluator.commands.console import show_facts
    from evaluator.sandbox.runtime import importable, pins
    from evaluator.sandbox.runtime_build import current_folder

    found, folder = pins(), current_folder(pins())
    place = str(folder) if folder else "as installed; 'stylearena runtime build' makes a folder"
    if json:
        facts = {"python": found.python, "packages": found.packages, "digest": found.digest}
        print(json_format.dumps(facts | {"folder": str(folder) if folder else None}, indent=2))
        return
    show_facts("runtime", {"python": found.python, **importable(), "folder": place})
