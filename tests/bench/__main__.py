"""``python -m tests.bench [--quick] [NAME …]``: measure, print and keep the figures.

Each benchmark is a module here with ``measure(quick=…)``, which yields its figures.
"""

import os
import time
from typing import Annotated

import typer

from tests.bench import apart
from tests.bench.figures import circumstances, keep
from tests.bench.fresh import ROOT

BENCHMARKS = (
    *("frechet", "fid_end_to_end", "fid_memory", "standard_evaluation"),
    *("scoring", "gpu", "sandbox", "platform", "workers", "fleet", "board", "uploads"),
)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help=", ".join(BENCHMARKS))] = None,
    quick: Annotated[bool, typer.Option(help="Fewer and smaller runs: about 3 minutes.")] = False,
) -> None:
    """Measure the named benchmarks, or all of them, and write figures.json."""
    if unknown := set(names or ()) - set(BENCHMARKS):
        known = ", ".join(BENCHMARKS)
        typer.echo(f"error: there is no benchmark {min(unknown)!r}; there are {known}.", err=True)
        raise typer.Exit(2)
    # As the command line and the worker do; read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("STYLEARENA_MODE", "test")
    facts = circumstances() | {"fingerprint": apart.fingerprint(), "quick": quick}
    for name in names or BENCHMARKS:
        typer.echo(f"measuring {name} …", err=True)
        begin = time.perf_counter()
        keep(ROOT / "figures.json", apart.measure(name, quick=quick), facts)
        typer.echo(f"{name} took {time.perf_counter() - begin:.0f} s", err=True)


if __name__ == "__main__":
    app()
