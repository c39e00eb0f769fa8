"""``stylearena weights``: list, fetch, add and verify the backbones' weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evaluator.backbones.download import Progress
    from evaluator.backbones.weights import Weights

__all__ = ["app"]

app = typer.Typer(help="List, fetch, add and verify weights.", no_args_is_help=True)

BYTES_PER_MIB = 1024 * 1024
LIST_HEADERS = ("name", "state", "MiB", "sha256", "licence")
STATES = {
    "present": "present, verified",
    "missing": "not here",
    "damaged": "DAMAGED",
    "seeded": "made from a seed",
}


@app.command("list")
def list_() -> None:
    """Show every registered file: where it is from, its licence and whether it is here."""
    from rich.table import Table

    from evaluator.backbones.weights import REGISTRY, default_folder, state_of
    from evaluator.commands.console import people

    table = Table(*LIST_HEADERS, box=None, header_style="bold")
    for weights in REGISTRY.values():
        size = "" if weights.size is None else f"{weights.size / BYTES_PER_MIB:.0f}"
        table.add_row(
            weights.name, STATES[state_of(weights)], size, weights.sha256[:8], weights.licence
        )
    people().print(table)
    for weights in REGISTRY.values():  # beside the table an address would be cut to pieces
        source = weights.url or ("comes with StyleArena" if weights.packaged else "no file")
        said = f"{weights.name}: {weights.description}; {source}"
        people().print(said, markup=False, soft_wrap=True)
    people().print(f"in {default_folder()}, or with the package", markup=False, soft_wrap=True)


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Weights; all of them if none.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Those that a protocol needs.")] = None,
) -> None:
    """Download weights that are missing, resuming where an earlier download stopped."""
    from evaluator.backbones.download import fetch as download
    from evaluator.commands.console import people

    for weights in _chosen(names or [], protocol):
        if weights.is_seeded:
            people().print(f"{weights.name}: made from a seed, nothing to fetch", markup=False)
            continue
        with _progress(weights) as progress:
            path = download(weights, on_progress=progress)
        people().print(f"{weights.name}: verified, {path}", markup=False, soft_wrap=True)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What the file is; see 'weights list'.")],
    file: Annotated[Path, typer.Argument(help="A copy that you have.")],
) -> None:
    """Take a file from elsewhere into the cache, if its sha256 is the registered one."""
    from evaluator.backbones import weights as registry
    from evaluator.commands.console import people

    path = registry.add(registry.known(name), file)
    people().print(f"{name}: verified, {path}", markup=False, soft_wrap=True)


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Weights; all of them if none.")] = None,
) -> None:
    """Read the files that are here and compare them with the registry; exit code 2 if one differs.

    A file that is named must be here; without names, missing ones are only shown.
    """
    from evaluator.backbones.weights import state_of
    from evaluator.commands.console import people
    from evaluator.errors import PlatformFault

    found = {weights.name: state_of(weights) for weights in _chosen(names or [], None)}
    for name, state in found.items():
        people().print(f"{name}: {STATES[state]}", markup=False)
    bad = [n for n, s in found.items() if s == "damaged" or (names and s == "missing")]
    if bad:
        raise PlatformFault(
            "weights.unverified",
            f"{', '.join(bad)} cannot be used; run `stylearena weights fetch {' '.join(bad)}`.",
        )


def _chosen(names: Sequence[str], protocol: str | None) -> list[Weights]:
    from evaluator.backbones.weights import REGISTRY, known
    from evaluator.protocols import protocol as find

    wanted = [*names, *(find(protocol).weights if protocol else ())]
    return [known(name) for name in wanted] if wanted else list(REGISTRY.values())


@contextmanager
def _progress(weights: Weights) -> Iterator[Progress]:
    """A bar with bytes, rate and the time left."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import (
        Progress as Bar,
    )

    from evaluator.commands.console import aside

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=aside()) as bar:
        task = bar.add_task(weights.name, total=weights.size)
        yield lambda _weights, done, total: bar.update(task, completed=done, total=total)
