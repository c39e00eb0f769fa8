"""Figures that tests measure: one JSON line each, so that processes can write at once.

A line is written by a single call to a file opened for appending, which the system keeps whole.
"""

import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

__all__ = ["Figure", "append_figure", "read_figures"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and its unit."""

    name: str
    value: float
    unit: str

    def __str__(self) -> str:
        return f"figure {self.name} {self.value:.3g} {self.unit}"


def append_figure(path: Path, figure: Figure) -> None:
    """Add it with date, machine, versions and command."""
    circumstances = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, {platform.system()}",
        "versions": {name: version(name) for name in ("stylearena", "torch", "numpy")},
        "command": " ".join(sys.argv),
    }
    line = json.dumps(asdict(figure) | circumstances) + "\n"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


def read_figures(path: Path) -> Iterator[Figure]:
    """The figures in the order in which they were written."""
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        yield Figure(row["name"], row["value"], row["unit"])
