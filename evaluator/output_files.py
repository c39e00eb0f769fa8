"""Ready-made output pictures on disk: which file of a folder belongs to which pair.

Files are told by their names alone, CONTENT__STYLE with the ending of any picture that is read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.errors import ParticipantError
from evaluator.images import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from evaluator.datasets import Dataset

__all__ = ["output_files", "require_folder"]


def require_folder(outputs: Path) -> None:
    """Before a dataset is read or painted for it: ParticipantError ``outputs.missing``."""
    if not outputs.is_dir():
        raise ParticipantError(
            "outputs.missing",
            f"{outputs} is not a folder; name the one that holds CONTENT__STYLE.png.",
        )


def output_files(outputs: Path, dataset: Dataset) -> Mapping[str, Path]:
    """The file of every pair, by the pair's id: of the folder, or of ``evaluate``'s inside it.

    Raises ParticipantError ``outputs.missing``, ``outputs.twice`` or ``outputs.unreadable``.
    """
    folder, inner = outputs, outputs / "outputs"
    found = _by_pair(folder, dataset)
    if not found and inner.is_dir():
        folder, found = inner, _by_pair(inner, dataset)
    missing = [pair.id for pair in dataset.pairs if pair.id not in found]
    if missing:
        endings = ", ".join(sorted(PICTURE_SUFFIXES))
        raise ParticipantError(
            "outputs.missing",
            f"{folder} lacks {len(missing)} of the {len(dataset.pairs)} pictures of the dataset "
            f"{dataset.name}, the first is {missing[0]}.png; name each output after its pair, "
            f"CONTENT__STYLE with one of the endings {endings}.",
        )
    return found


def _by_pair(folder: Path, dataset: Dataset) -> dict[str, Path]:
    wanted = {pair.id for pair in dataset.pairs}
    found: dict[str, Path] = {}
    for path in _pictures(folder):
        # macOS stores names decomposed; ids are not.
        pair = unicodedata.normalize("NFC", path.stem)
        if pair not in wanted:
            continue
        if pair in found:
            raise ParticipantError(
                "outputs.twice",
                f"{folder} holds both {found[pair].name} and {path.name} for one pair; leave only "
                "the one to be scored.",
            )
        found[pair] = path
    return found


def _pictures(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise ParticipantError(
            "outputs.unreadable", f"{folder} cannot be read: {error.strerror}; check the folder."
        ) from error
    return [path for path in paths if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()]
