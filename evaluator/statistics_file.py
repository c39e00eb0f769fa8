"""``.npz`` statistics of a set of features, as pytorch-fid writes and reads them.

Two arrays: ``mu`` float64 [d] and ``sigma`` float64 [d, d]. Never read with pickle.
"""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from evaluator.errors import ParticipantError
from evaluator.frechet import Gaussian

__all__ = ["load_statistics", "require_writable", "save_statistics"]

_DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError),
    *(zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, MemoryError),
)


def load_statistics(path: Path) -> Gaussian:
    """The set whose statistics ``path`` holds; ParticipantError ``statistics.*``."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            mu, sigma = arrays["mu"], arrays["sigma"]
    except FileNotFoundError as error:
        raise ParticipantError(
            "statistics.missing", f"There is no statistics file {path}; check the path."
        ) from error
    except _DAMAGE as error:
        raise ParticipantError(
            "statistics.unreadable",
            f"{path} is no statistics file: a .npz with the arrays mu and sigma is needed, as "
            "pytorch-fid writes them; make it again.",
        ) from error
    try:
        return Gaussian.of_statistics(mu, sigma)
    except ValueError as error:
        raise ParticipantError(
            "statistics.invalid", f"The statistics in {path} cannot be used: {error}."
        ) from error


def require_writable(path: Path) -> None:
    """Before hours of work: ParticipantError ``statistics.unwritable`` if no file can be there."""
    with _writing(path), tempfile.TemporaryFile(dir=path.parent):
        pass


def save_statistics(path: Path, gaussian: Gaussian) -> None:
    """Write ``path``, whole or not at all; ParticipantError ``statistics.unwritable``."""
    part = path.with_name(f".{path.name}.part")
    with _writing(path):
        try:
            with part.open("wb") as file:
                np.savez_compressed(file, mu=gaussian.mean, sigma=gaussian.covariance)
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ParticipantError(
            "statistics.unwritable",
            f"The statistics cannot be written to {path}: {error.strerror}; check the folder.",
        ) from error
