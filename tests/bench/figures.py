"""Figures: what a benchmark says, printed as ``figure NAME VALUE UNIT`` and kept with its runs.

``figures.json`` is a list with a row for each figure; measuring again replaces its row, so that
benchmarks can be run one at a time.
"""

import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

__all__ = ["Figure", "Unmeasured", "circumstances", "keep"]

_VERSIONS = ("stylearena", "torch", "numpy", "scipy", "onnxruntime", "pillow", "pytorch-fid")


@dataclass(frozen=True, slots=True)
class Figure:
    """A named value: the median of ``runs``, which are in the same unit."""

    name: str
    value: float
    unit: str
    runs: tuple[float, ...]

    @classmethod
    def of(cls, name: str, unit: str, runs: Iterable[float]) -> "Figure":
        """The median of runs; ValueError (StatisticsError) if there are none."""
        values = tuple(float(run) for run in runs)
        return cls(name, median(values), unit, values)

    def __str__(self) -> str:
        return f"figure {self.name} {self.value:.4g} {self.unit}"


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A figure that this machine cannot give, and why; never a number."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"not measured here: {self.name}: {self.reason}"


def circumstances() -> dict[str, object]:
    """What a figure depends on beside the code: date, machine, versions, command."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": _processor(),
            "cpus": len(os.sched_getaffinity(0)),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        },
        "versions": {"python": platform.python_version(), **_versions()},
        "command": " ".join(["python -m tests.bench", *sys.argv[1:]]),
    }


def keep(path: Path, figures: Sequence[Figure | Unmeasured], facts: dict[str, object]) -> None:
    """Write the figures' rows to ``path``, in place of earlier rows of the same names."""
    fresh = {figure.name: asdict(figure) | facts for figure in figures}
    rows = json.loads(path.read_text("utf-8")) if path.exists() else []
    kept = [row for row in rows if row["name"] not in fresh]
    path.write_text(json.dumps([*kept, *fresh.values()], indent=1) + "\n", "utf-8")


def _processor() -> str:
    """The model's name, which ``platform.processor`` does not tell on Linux."""
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _versions() -> dict[str, str]:
    found = {}
    for name in _VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
