"""Fixtures of every suite: caches that are not the user's, real weights and pictures, figures.

Real weights and pictures lie outside the repository; tests that need them are skipped elsewhere.
"""

import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

RecordFigure = Callable[[str, float, str], None]


def _shared(part: str) -> Path:
    root = Path(os.environ.get("STYLEARENA_SHARED") or ROOT.parent / "shared")
    if not (root / part).is_dir():
        pytest.skip(f"no {part} in {root}; set STYLEARENA_SHARED to the folder that holds them")
    return root / part


@pytest.fixture(scope="session")
def shared_weights() -> Path:
    """The folder of real pretrained weights."""
    return _shared("weights")


@pytest.fixture(scope="session")
def shared_images() -> Path:
    """The folder of real pictures, in ``content`` and ``style``."""
    return _shared("images")


@pytest.fixture
def record_figure(capsys: pytest.CaptureFixture[str]) -> RecordFigure:
    """Print ``figure NAME VALUE UNIT``; add it to the file STYLEARENA_FIGURES if that is set."""

    def record(name: str, value: float, unit: str) -> None:
        with capsys.disabled():
            print(f"\nfigure {name} {value:.3g} {unit}")
        if path := os.environ.get("STYLEARENA_FIGURES"):
            _append(Path(path), {"name": name, "value": value, "unit": unit})

    return record


def _append(path: Path, figure: dict[str, object]) -> None:
    rows = json.loads(path.read_text("utf-8")) if path.exists() else []
    circumstances = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, {platform.system()}",
        "versions": {name: version(name) for name in ("stylearena", "torch", "numpy")},
        "command": " ".join(sys.argv),
    }
    path.write_text(json.dumps([*rows, figure | circumstances], indent=1), "utf-8")
