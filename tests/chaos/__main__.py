"""``python -m tests.chaos [--rounds 60] [--seed 1]``: kill what can be killed, lose nothing.

A whole grown platform on a PostgreSQL and a Redis of its own; ends with 1 if anything is not as it
must be. The figures are printed, and kept in figures.json.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import django
import typer

from tests.bench.figures import circumstances, keep
from tests.bench.fresh import ROOT
from tests.e2e.arena import Arena
from tests.postgres import Postgres, end_in_order

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
SETTINGS = {
    "STYLEARENA_LEASE_SECONDS": "4",
    "STYLEARENA_SWEEP_SECONDS": "1",
    "STYLEARENA_LOG_LEVEL": "WARNING",
}


@app.command()
def chaos(
    rounds: Annotated[int, typer.Option(help="How many faults.", min=1)] = 60,
    seed: Annotated[int, typer.Option(help="Of their order.")] = 1,
    keep_logs: Annotated[Path | None, typer.Option(help="Copy the logs to this folder.")] = None,
) -> None:
    """Kill and stop processes while submissions are judged, then check every one of them."""
    end_in_order()
    facts = circumstances() | {"command": f"python -m tests.chaos --rounds {rounds} --seed {seed}"}
    with TemporaryDirectory(prefix="stylearena-chaos-") as home, Postgres() as postgres:
        folder = Path(home)
        arena = Arena(folder, STYLEARENA_DATABASE_URL=postgres.url, **SETTINGS)
        os.environ.update(arena.environment)
        django.setup()
        from tests.chaos.play import play

        try:
            outcome = play(folder, postgres, arena, rounds=rounds, seed=seed)
        finally:
            _copy_logs(folder, keep_logs)
    figures = list(outcome.figures())
    for figure in figures:
        print(figure)
    keep(ROOT / "figures.json", figures, facts)
    print(f"felt longest: {outcome.slowest[0]}, {outcome.slowest[1]:.1f} s")
    for said in outcome.violations:
        print(f"violation: {said}")
    raise typer.Exit(bool(outcome.violations))


def _copy_logs(folder: Path, target: Path | None) -> None:
    if target is not None:
        target.mkdir(parents=True, exist_ok=True)
        for log in folder.glob("*.log"):
            (target / log.name).write_bytes(log.read_bytes())


if __name__ == "__main__":
    app()
