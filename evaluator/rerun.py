"""The shell command that does a run again, as the page of its report shows it.

Paths stand as they were given: from the same folder the same files are found, and a page that is
published tells of a disk only what its author typed.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluator.datasets import Dataset

__all__ = ["command_again"]


def command_again(
    verb: str,
    subject: Path,
    dataset: Dataset | Path | str,
    options: Mapping[str, str | float | None],
) -> str:
    """``stylearena VERB SUBJECT`` with the options that are not None."""
    place = dataset if isinstance(dataset, Path | str) else dataset.root
    words = ["stylearena", verb, str(subject), "--dataset", str(place)]
    for name, value in options.items():
        if value is not None:
            words += [name, f"{value:g}" if isinstance(value, float | int) else value]
    return shlex.join(words)
