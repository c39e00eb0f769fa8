"""``evaluator/docs/agreement.md``: the measured differences as a table, written and read back."""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.agreement.rows import LIMIT, ROWS, Row

__all__ = ["PAGE", "measured_of", "rendered", "versions_of"]

PAGE = Path(__file__).parents[2] / "evaluator" / "docs" / "agreement.md"

_HEAD = f"""# Agreement with other packages

Relative differences between StyleArena's values and those of the packages themselves, with the
same weights and the same pictures. Made by `python -m tests.agreement`, which runs the tests that
measure them; do not edit by hand. The same tests fail wherever a difference exceeds what it is held
to: {LIMIT:g} or less, but where the other side is known to fewer digits, as its note says.
"""

_COLUMNS = """| Metric | Compared with | On | Difference | Held to | Figure |
|---|---|---|---|---|---|"""

_EXPLAINED = """## Different on purpose

Here the other package computes something else, so that the values are not meant to be equal. With
nothing left to resize (pictures of 299²) both agree, as the table above shows.
"""

_CELL = re.compile(r"^\|.*\| ([^|]+) \|[^|]*\| `([\w.-]+)` \|$", re.MULTILINE)
_VERSION = re.compile(r"^- ([\w-]+) (\S+)$", re.MULTILINE)


def rendered(measured: Mapping[str, float], versions: Mapping[str, str]) -> str:
    """The page; KeyError if a comparison of ``ROWS`` was not measured."""
    lines = {name: _line(name, row, measured[name]) for name, row in ROWS.items()}
    agreeing = [line for name, line in lines.items() if ROWS[name].tolerance is not None]
    others = [line for name, line in lines.items() if ROWS[name].tolerance is None]
    notes = [f"- `{name}`: {row.note}." for name, row in ROWS.items() if row.note]
    return (
        "\n".join(
            [
                _HEAD,
                *(_COLUMNS, *agreeing, ""),
                _EXPLAINED,
                *(_COLUMNS, *others, ""),
                *("## Notes", "", *notes, ""),
                *("## Measured with", "", *(f"- {name} {v}" for name, v in versions.items())),
            ]
        )
        + "\n"
    )


def measured_of(page: str) -> dict[str, float]:
    """Name → difference, as the page states it."""
    return {name: float(value) for value, name in _CELL.findall(page)}


def versions_of(page: str) -> dict[str, str]:
    """Package → version, as the page states it."""
    return dict(_VERSION.findall(page))


def _line(name: str, row: Row, value: float) -> str:
    held = "explained" if row.tolerance is None else f"{row.tolerance:.0e}"
    metric = ", ".join(f"`{each}`" for each in row.ours.split(", "))
    return f"| {metric} | {row.peer} | {row.on} | {value:.1e} | {held} | `{name}` |"
