"""Writes entry archives whose bytes depend on their content only.

Fixed timestamps, order, modes and compression: the same method gives the same digest each time.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import onnx

from baselines.card import Card
from evaluator.errors import ParticipantError
from evaluator.writing import writing

__all__ = ["onnx_entry", "write_archive"]

MODEL_FILE = "model.onnx"

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold
_REGULAR_FILE = 0o100644 << 16


def write_archive(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write ``files`` (name in the archive → bytes) to the zip ``path`` and return it.

    Raises ParticipantError ``out.unwritable``.
    """
    remedy = "name another folder with --out"
    with writing("The archive", remedy, code="out.unwritable", error=ParticipantError):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".part")
        with zipfile.ZipFile(draft, "w") as archive:
            for name in sorted(files):
                archive.writestr(_member(name), files[name], compresslevel=6)
        return draft.replace(path)


def onnx_entry(model: onnx.ModelProto, card: Card, path: Path) -> Path:
    """The archive of one ONNX model and its card."""
    files = {
        "entry.toml": card.to_toml(runtime="onnx", target=MODEL_FILE).encode(),
        MODEL_FILE: model.SerializeToString(deterministic=True),
    }
    return write_archive(path, files)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, date_time=_EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.create_system = 3  # Unix, wherever it is written
    member.external_attr = _REGULAR_FILE
    return member
