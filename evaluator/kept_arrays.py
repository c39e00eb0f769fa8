"""Arrays that are kept on disk between runs, under a digest of everything they depend on.

Nothing here is needed: a file that is damaged, or that cannot be written, costs time and nothing
else.
"""

import hashlib
import logging
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar

import numpy as np
import platformdirs
from numpy.typing import NDArray

__all__ = ["kept_arrays", "place_of"]

_log = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[Any]]
T = TypeVar("T")


def place_of(kind: str, *depends_on: str) -> Path:
    """The file, in ``kind`` of StyleArena's cache, for what depends on exactly these texts."""
    root = os.environ.get("STYLEARENA_CACHE_DIR") or platformdirs.user_cache_dir("stylearena")
    digest = hashlib.sha256("\n".join(depends_on).encode()).hexdigest()
    return Path(root) / kind / f"{digest}.npz"


def kept_arrays(
    path: Path,
    compute: Callable[[], T],
    *,
    read: Callable[[Arrays], T],
    written: Callable[[T], Arrays],
) -> T:
    """What ``read`` makes of the arrays in ``path``; computed and put there if it cannot."""
    found = _read(path, read)
    if found is None:
        found = compute()
        _write(path, written(found))
    return found


def _read(path: Path, read: Callable[[Arrays], T]) -> T | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return read({name: arrays[name] for name in arrays.files})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        _log.warning("The kept file %s cannot be read (%s): it is made anew.", path, error)
        return None


def _write(path: Path, arrays: Arrays) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".part-", delete=False) as part:
            try:
                np.savez(part, **arrays)  # type: ignore[arg-type]
                part.close()
                Path(part.name).replace(path)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        _log.warning(
            "The cache %s cannot be written (%s), so that this will be computed again next time; "
            "set STYLEARENA_CACHE_DIR to a folder that can.",
            path.parent,
            error.strerror or type(error).__name__,
        )
