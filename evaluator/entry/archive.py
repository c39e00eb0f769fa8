"""Safe unpacking of an entry: a bare ``.onnx`` or a ``.zip``, member by member.

Nothing in an archive is trusted: not its names, modes, sizes or counts. No member is ever written
outside the given folder, no link is ever made, and nothing of the archive is run.
"""

import errno
import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn

from evaluator.entry.wording import has_unsafe, quoted
from evaluator.errors import ParticipantError, PlatformFault

__all__ = ["BARE_MODEL", "ArchiveLimits", "unpack"]

BARE_MODEL = "model.onnx"
_CHUNK = 1 << 20
_RATIO_FLOOR = 1 << 20  # small files may be as regular as they like
_MAX_DEPTH = 16
_MAX_COMPONENT = 255
_MAX_NAME = 1000
# A directory record is 46 bytes and a name; generous room for extra fields and comments.
_RECORD_BYTES = 46 + 4 * _MAX_NAME
_MEMBER = b"PK\x03\x04"
_END_OF_DIRECTORY = b"PK\x05\x06"
_END_OF_DIRECTORY_64 = b"PK\x06\x06"
_END_BYTES = 22
_LITTER = ("__MACOSX/", ".DS_Store")
_DRIVE = re.compile(r"^[A-Za-z]:")
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError)


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may cost: bytes handed in, bytes and files unpacked, compression ratio."""

    archive_bytes: int = 200 << 20
    unpacked_bytes: int = 1 << 30
    files: int = 2000
    ratio: int = 200


def unpack(archive: Path, into: Path, limits: ArchiveLimits | None = None) -> None:
    """Unpack ``archive`` into ``into`` (made if missing, must be empty); files 0644, folders 0755.

    Raises ParticipantError ``entry.archive.*`` at the first thing that is not plainly a file or a
    folder within the limits, PlatformFault ``entry.unpack`` if the disk fails; what was written
    until then stays for the caller to remove.
    """
    limits = limits or ArchiveLimits()
    _check_archive_file(archive, limits)
    _make_folder(into)
    if archive.suffix.lower() == ".onnx":
        _copy_model(archive, into / BARE_MODEL)
    else:
        _unpack_zip(archive, into, limits)


def _refuse(reason: str, sentence: str) -> NoReturn:
    raise ParticipantError(f"entry.archive.{reason}", sentence)


def _check_archive_file(archive: Path, limits: ArchiveLimits) -> None:
    if not archive.is_file():
        _refuse("missing", f"There is no file {quoted(archive.name)}; give an .onnx or .zip file.")
    if archive.suffix.lower() not in {".onnx", ".zip"}:
        _refuse(
            "type",
            f"{quoted(archive.name)} is neither .onnx nor .zip; hand in an ONNX model, or a zip "
            "with entry.toml and the model.",
        )
    size = archive.stat().st_size
    if size == 0:
        _refuse("empty", "The archive is empty (0 bytes); make it again and hand it in.")
    if size > limits.archive_bytes:
        _refuse(
            "too_large",
            f"The archive has {_mib(size)}, more than the {_mib(limits.archive_bytes)} allowed; "
            "make the model smaller.",
        )


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"


def _make_folder(into: Path) -> None:
    _readable_folder(into)
    if any(into.iterdir()):
        raise FileExistsError(f"{into} is not empty")


def _readable_folder(path: Path) -> None:
    """``path``, for whatever uid the entry's box runs under; one that is there is left as it is."""
    for missing in [p for p in (*reversed(path.parents), path) if not p.exists()]:
        missing.mkdir()
        missing.chmod(0o755)  # whatever the umask


def _copy_model(model: Path, target: Path) -> None:
    with model.open("rb") as source, _create(target) as sink:
        shutil.copyfileobj(source, sink, _CHUNK)


def _create(target: Path) -> BinaryIO:
    """A new 0644 file; never an existing one, never through a link."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    os.fchmod(handle, 0o644)  # whatever the umask
    return os.fdopen(handle, "wb")


def _unpack_zip(archive: Path, into: Path, limits: ArchiveLimits) -> None:
    _check_start(archive)
    _check_directory_size(archive, limits)
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _checked_members(opened, limits)
            _write_members(opened, members, into, limits)
    except _BROKEN:
        _refuse_corrupt()
    except OSError as error:
        if error.errno == errno.EINVAL:  # offsets before the start of the file
            _refuse_corrupt()
        raise PlatformFault(
            "entry.unpack", f"The archive could not be unpacked here: {error.strerror}."
        ) from error


def _check_start(archive: Path) -> None:
    """zipfile finds an archive behind anything: a page or a picture that is also one is refused."""
    with archive.open("rb") as file:
        if file.read(4) not in {_MEMBER, _END_OF_DIRECTORY}:
            _refuse_corrupt()


def _refuse_corrupt() -> NoReturn:
    _refuse("corrupt", "The archive is not a readable zip file; make it again and hand it in.")


def _check_directory_size(archive: Path, limits: ArchiveLimits) -> None:
    """Refuse a huge central directory before zipfile builds an object for each of its records."""
    with archive.open("rb") as file:
        file.seek(max(0, archive.stat().st_size - _END_BYTES - (1 << 16) - 100))
        tail = file.read()
    for size, count in _declared_directories(tail):
        if count > limits.files * 2 or size > limits.files * _RECORD_BYTES:
            _refuse_count(limits)


def _declared_directories(tail: bytes) -> Iterator[tuple[int, int]]:
    """(bytes, records) of every end-of-directory record in the archive's tail, old and zip64."""
    for match in re.finditer(re.escape(_END_OF_DIRECTORY), tail):
        record = tail[match.start() : match.start() + _END_BYTES]
        if len(record) == _END_BYTES:
            count, size = struct.unpack("<HL", record[10:16])
            if size != 0xFFFFFFFF:
                yield size, 0 if count == 0xFFFF else count
    for match in re.finditer(re.escape(_END_OF_DIRECTORY_64), tail):
        record = tail[match.start() : match.start() + 56]
        if len(record) == 56:
            count, size = struct.unpack("<QQ", record[32:48])
            yield size, count


def _refuse_count(limits: ArchiveLimits) -> NoReturn:
    _refuse(
        "too_many_files",
        f"The archive holds more than {limits.files} files; leave out what the model does not "
        "need.",
    )


def _checked_members(opened: zipfile.ZipFile, limits: ArchiveLimits) -> list[zipfile.ZipInfo]:
    """The members to write, each checked by itself and against the others."""
    members = [m for m in opened.infolist() if not _is_litter(m.filename)]
    if not members:
        _refuse("empty", "The archive holds no files; put entry.toml and the model into it.")
    if len(members) > limits.files:
        _refuse_count(limits)
    for member in members:
        _check_name(member)
        _check_kind(member)
        _check_ratio(member, limits)
    _check_distinct(members)
    if sum(member.file_size for member in members) > limits.unpacked_bytes:
        _refuse_unpacked(limits)
    return members


def _is_litter(name: str) -> bool:
    """What macOS adds to every archive that it makes."""
    return name.startswith(_LITTER[0]) or name.rsplit("/", 1)[-1] == _LITTER[1]


def _check_name(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or "\\" in name or _DRIVE.match(name) or ".." in parts:
        _refuse(
            "name",
            f"The archive names a file {quoted(name)}, which could land outside its folder; use "
            "plain relative names with forward slashes.",
        )
    if has_unsafe(name) or any(part in {"", "."} for part in parts):
        _refuse(
            "name",
            f"The archive names a file {quoted(name)} with characters or parts that are not "
            "allowed; use plain relative names.",
        )
    too_long = len(name) > _MAX_NAME or any(len(p.encode()) > _MAX_COMPONENT for p in parts)
    if too_long or len(parts) > _MAX_DEPTH:
        _refuse(
            "depth",
            f"The name {quoted(name, 40)} in the archive is too long or too deep (at most "
            f"{_MAX_DEPTH} levels of {_MAX_COMPONENT} bytes); flatten the folders.",
        )


def _check_kind(member: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or (kind == stat.S_IFDIR) > member.is_dir():
        _refuse(
            "link",
            f"{quoted(member.filename)} in the archive is a link or a device; put plain files "
            "into the archive.",
        )
    if member.flag_bits & 0x1:
        _refuse(
            "encrypted",
            f"{quoted(member.filename)} in the archive is encrypted; hand in an archive without "
            "a password.",
        )
    if member.compress_type not in _METHODS:
        _refuse(
            "method",
            f"{quoted(member.filename)} is compressed by a method other than deflate; make a "
            "plain zip archive.",
        )


def _check_ratio(member: zipfile.ZipInfo, limits: ArchiveLimits) -> None:
    bound = max(_RATIO_FLOOR, limits.ratio * member.compress_size)
    if member.file_size > bound or (member.is_dir() and member.file_size):
        _refuse(
            "ratio",
            f"{quoted(member.filename)} unpacks to more than {limits.ratio} times its size in "
            "the archive; store such a file in a denser form.",
        )


def _check_distinct(members: list[zipfile.ZipInfo]) -> None:
    """No name twice, and no file where another member needs a folder."""
    files: set[PurePosixPath] = set()
    folders: set[PurePosixPath] = set()
    for member in members:
        path = PurePosixPath(member.filename)
        folders.update(path.parents)
        if path in files or (path in folders) > member.is_dir():
            _refuse_duplicate(member)
        (folders if member.is_dir() else files).add(path)
    for path in files & folders:
        _refuse_duplicate(zipfile.ZipInfo(str(path)))


def _refuse_duplicate(member: zipfile.ZipInfo) -> NoReturn:
    _refuse(
        "duplicate",
        f"The archive holds {quoted(member.filename)} more than once; make it again with each "
        "file once.",
    )


def _refuse_unpacked(limits: ArchiveLimits) -> NoReturn:
    _refuse(
        "unpacked_too_large",
        f"The archive unpacks to more than {_mib(limits.unpacked_bytes)}; leave out what the "
        "model does not need.",
    )


def _write_members(
    opened: zipfile.ZipFile, members: list[zipfile.ZipInfo], into: Path, limits: ArchiveLimits
) -> None:
    room = limits.unpacked_bytes
    for member in members:
        target = into.joinpath(*PurePosixPath(member.filename).parts)
        folder = target if member.is_dir() else target.parent
        _readable_folder(folder)
        if member.is_dir():
            continue
        with opened.open(member) as source, _create(target) as sink:
            while chunk := source.read(_CHUNK):
                room -= len(chunk)
                if room < 0:
                    _refuse_unpacked(limits)
                sink.write(chunk)
