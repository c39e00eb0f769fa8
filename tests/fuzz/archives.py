"""Archive intake: zip files of hostile members, or bytes that only claim to be one."""

import io
import stat
import warnings
import zipfile
from pathlib import Path

from evaluator.entry import ArchiveLimits, open_entry
from tests.fuzz.drawing import Draw, damaged

_LIMITS = ArchiveLimits(archive_bytes=4 << 20, unpacked_bytes=8 << 20, files=64, ratio=200)
_NAMES = (
    "entry.toml",
    "model.onnx",
    "stylize.py",
    "folder/entry.toml",
    "folder/",
    "../escape",
    "/absolute",
    "C:\\drive",
    "a/../../b",
    "deep/" * 20 + "file",
    "__MACOSX/x",
    "n" * 300,
    "model.onnx/inside",
    "\u202egpj.exe",
    "nul\0byte",
)
_KINDS = (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_CONTENTS = (
    b'name = "case"\nruntime = "onnx"\n',
    b'name = "case"\nruntime = "python"\nentry = "stylize:load"\n',
    b"def load(device):\n    return lambda content, style: content\n",
)


def run(data: bytes, folder: Path) -> None:
    """Open the entry that ``data`` describes, then look whether the intake kept its promises."""
    draw = Draw(data)
    suffix = draw.pick((".zip", ".zip", ".zip", ".onnx"))
    archive = folder / f"entry{suffix}"
    archive.write_bytes(draw.rest() if draw.flag() else _zip(draw))
    into = folder / "unpacked"
    try:
        open_entry(archive, into, _LIMITS)
    finally:
        _require_bounded(folder, into)


def _zip(draw: Draw) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as made:
        warnings.simplefilter("ignore")  # names that stand there twice
        for _ in range(draw.whole(0, 12)):
            made.writestr(_member(draw), _content(draw))
    return damaged(buffer.getvalue(), draw, most=8)


def _member(draw: Draw) -> zipfile.ZipInfo:
    name = draw.text(40) if draw.flag() else draw.pick(_NAMES)
    member = zipfile.ZipInfo(name or "entry.toml")
    member.compress_type = draw.pick(_METHODS)
    member.external_attr = (draw.pick(_KINDS) | draw.whole(0, 0o7777)) << 16
    return member


def _content(draw: Draw) -> bytes:
    match draw.whole(0, 2):
        case 0:
            return draw.pick(_CONTENTS)
        case 1:
            return bytes(draw.whole(0, 1 << 20))
        case _:
            return draw.some(draw.whole(0, 2000))


def _require_bounded(folder: Path, into: Path) -> None:
    """Nothing outside ``into``, no link or device, and no more than the limits allow."""
    if {path.name for path in folder.iterdir()} - {"entry.zip", "entry.onnx", "unpacked"}:
        raise AssertionError("the archive wrote beside its folder")
    found = [path.lstat() for path in into.rglob("*")] if into.exists() else []
    if any(not (stat.S_ISREG(f.st_mode) or stat.S_ISDIR(f.st_mode)) for f in found):
        raise AssertionError("the archive made a link or a device")
    files = [f for f in found if stat.S_ISREG(f.st_mode)]
    if len(files) > _LIMITS.files or sum(f.st_size for f in files) > _LIMITS.unpacked_bytes:
        raise AssertionError("the archive unpacked to more than its limits")
