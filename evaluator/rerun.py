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
    verb: str, subject: Path, dataset: Dataset | Path | str, options: Mapping[str, str | None]
) -> str:
    """``stylearena VERB SUBJECT`` with the options that are not None."""
    place = dataset if isinstance(dataset, Path | str) else dataset.root
    given = {"--dataset": str(place), **options}
    words = [word for name, value in given.items() if value is not None for word in (name, value)]
    return shlex.join(["stylearena", verb, str(subject), *words])
