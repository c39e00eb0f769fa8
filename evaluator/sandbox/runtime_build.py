"""The runtime of entries as a folder of its own: one interpreter, the pinned packages, no judge.

The files are hard links to those installed, so that torch is on the disk once; only what lies on
another disk is copied. Whoever reads the folder, an unprivileged uid too, gets the same.
"""

import hashlib
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from evaluator.errors import PlatformFault

__all__ = ["Pins", "build", "current_folder", "default_folder", "read_pins"]

_PINS = "runtime.json"
_COPIED_BYTES = 256 << 20  # what may be copied in all: an interpreter, never torch
_LEFT_OUT = {"site-packages", "dist-packages", "test", "idlelib", "ensurepip"}


@dataclass(frozen=True, slots=True)
class Pins:
    """What a runtime holds: the interpreter's version and each package's."""

    python: str
    packages: dict[str, str]

    @property
    def digest(self) -> str:
        """The same for runtimes of the same pins."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def default_folder() -> Path:
    """STYLEARENA_RUNTIME_DIR, or a folder beside the installed packages, on their disk."""
    return Path(os.environ.get("STYLEARENA_RUNTIME_DIR") or Path(sys.prefix) / "entry-runtime")


def read_pins(folder: Path) -> Pins | None:
    """What the runtime in ``folder`` was built of; None where there is none."""
    try:
        said = json.loads((folder / _PINS).read_text("utf-8"))
        return Pins(said["python"], said["packages"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def current_folder(installed: Pins) -> Path | None:
    """The default runtime's folder, if it was built of what is installed now."""
    folder = default_folder()
    return folder if read_pins(folder) == installed else None


def build(
    folder: Path,
    pins: Pins,
    *,
    interpreter: Path,
    standard_library: Iterable[Path],
    libraries: Iterable[Path],
    packages: dict[str, Iterable[Path]],
) -> None:
    """Make the runtime in ``folder`` anew; the old one stays until the new one is whole.

    ``packages`` are the top-level files and folders for each kind of entry. Raises PlatformFault
    ``runtime.*``.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    linker = _Linker()
    try:
        made.chmod(0o755)
        linker.put(interpreter, made / "python/bin/python3")
        for library in standard_library:
            linker.put(library, made / "python" / library.parent.name / library.name)
        for shared in libraries:
            linker.put(shared.resolve(), made / "python/lib" / shared.name)
        for kind, tops in packages.items():
            for top in tops:
                linker.put(top.resolve(), made / "packages" / kind / top.name)
        (made / _PINS).write_text(json.dumps(asdict(pins), indent=1), "utf-8")
        (made / _PINS).chmod(0o644)
        _replace(folder, made)
    except OSError as error:
        raise PlatformFault("runtime.write", f"{folder} cannot be written: {error}.") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _replace(folder: Path, made: Path) -> None:
    """Boxes that run on the old runtime keep its files: their mounts hold them."""
    old = made.with_name(f"{made.name}-old")
    if folder.exists():
        if read_pins(folder) is None and any(folder.iterdir()):
            raise PlatformFault(
                "runtime.folder", f"{folder} holds something else; choose an empty folder."
            )
        folder.rename(old)
    made.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


class _Linker:
    """Puts files and folders by hard links, and by copies within a bound where links cannot be."""

    def __init__(self) -> None:
        self._copied = 0

    def put(self, source: Path, target: Path) -> None:
        if not source.is_dir():
            _folder(target.parent)
            self._file(source, target)
            return
        for parent, folders, files in os.walk(source):
            if Path(parent) == source and (source / "os.py").exists():  # the standard library
                folders[:] = [name for name in folders if name not in _LEFT_OUT]
            there = target / Path(parent).relative_to(source)
            _folder(there)
            for name in files:
                self._file(Path(parent, name), there / name)

    def _file(self, source: Path, target: Path) -> None:
        found = source.stat()  # of what a link points to
        if found.st_mode & stat.S_IROTH and not source.is_symlink():
            try:
                os.link(source, target)
            except OSError:
                pass  # another disk, or a file system without links
            else:
                return
        self._copied += found.st_size
        if self._copied > _COPIED_BYTES:
            raise PlatformFault(
                "runtime.disk",
                f"{target.parent} is on another disk than the packages, which would be copied; "
                "choose a folder on the disk of the virtual environment.",
            )
        shutil.copyfile(source, target)
        target.chmod(0o755 if found.st_mode & stat.S_IXUSR else 0o644)


def _folder(path: Path) -> None:
    """A folder that everyone may read, whatever the umask."""
    for missing in [p for p in (*reversed(path.parents), path) if not p.exists()]:
        missing.mkdir()
        missing.chmod(0o755)
