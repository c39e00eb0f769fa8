"""Reference sets, reduced to mean and covariance factor, kept on disk between runs.

Under a digest of everything they depend on: the pictures' bytes, the weights, the engine and the
evaluator's version. A file that is damaged or cannot be written costs time and nothing else.
"""

import hashlib
import logging
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import platformdirs

from evaluator.frechet import Gaussian

__all__ = ["kept", "place_of"]

_log = logging.getLogger(__name__)


def place_of(*depends_on: str) -> Path:
    """The file for what depends on exactly these texts, in StyleArena's cache folder."""
    root = os.environ.get("STYLEARENA_CACHE_DIR") or platformdirs.user_cache_dir("stylearena")
    digest = hashlib.sha256("\n".join(depends_on).encode()).hexdigest()
    return Path(root) / "fid" / f"{digest}.npz"


def kept(path: Path, compute: Callable[[], Gaussian]) -> Gaussian:
    """The set in ``path``, computed and put there if it is not, or not readable."""
    found = _read(path)
    if found is None:
        found = compute()
        _write(path, found)
    return found


def _read(path: Path) -> Gaussian | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return Gaussian(arrays["mean"], arrays["root"], float(arrays["trace"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        _log.warning("computing again what %s held: %s", path, error)
        return None


def _write(path: Path, found: Gaussian) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".fid-", delete=False) as part:
            try:
                np.savez(part, mean=found.mean, root=found.root, trace=np.array(found.trace))
                part.close()
                Path(part.name).replace(path)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        _log.warning("the reference features are not kept: %s", error)
