"""``.npz`` statistics of a set of features, as pytorch-fid writes and reads them.

Two arrays: ``mu`` float64 [d] and ``sigma`` float64 [d, d]. Never read with pickle.
"""

import zipfile
from pathlib import Path

import numpy as np

from evaluator.errors import ParticipantError
from evaluator.frechet import Gaussian

__all__ = ["load_statistics", "save_statistics"]


def load_statistics(path: Path) -> Gaussian:
    """The set whose statistics ``path`` holds; ParticipantError ``statistics.*``."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            mu, sigma = arrays["mu"], arrays["sigma"]
    except FileNotFoundError as error:
        raise ParticipantError(
            "statistics.missing", f"There is no statistics file {path}; check the path."
        ) from error
    except (
        OSError,
        ValueError,
        KeyError,
        IndexError,
        EOFError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
    ) as error:
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


def save_statistics(path: Path, gaussian: Gaussian) -> None:
    """Write to exactly ``path``; ParticipantError ``statistics.unwritable``."""
    try:
        with path.open("wb") as file:
            np.savez_compressed(file, mu=gaussian.mean, sigma=gaussian.covariance)
    except OSError as error:
        raise ParticipantError(
            "statistics.unwritable",
            f"The statistics cannot be written to {path}: {error.strerror}; check the folder.",
        ) from error
