"""What outputs are compared with: reference features and style statistics, once for each dataset.

Kept on disk under a digest of everything they depend on. A cache file that is damaged, or that
cannot be written, costs time and nothing else.
"""

import hashlib
import logging
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import cast

import numpy as np
import platformdirs
from numpy.typing import NDArray

from evaluator.set_measures import Need, Pictures

__all__ = ["Grams", "Targets", "cache_path", "cached"]

Grams = dict[str, NDArray[np.float64]]
"""VGG layer → Gram matrix float64 [N, N]."""

_log = logging.getLogger(__name__)

_FEATURES, _GRAM, _MOMENTS = "features", "gram", "moments"


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """``features``: picture set and stream → rows float32 [R, d], in the order of the set.

    ``grams``: sha256 of a style picture → its Gram matrices; ``moments``: likewise, layer → means
    and deviations of the channels, float64 [2, C].
    """

    features: dict[Need, NDArray[np.float32]]
    grams: dict[str, Grams]
    moments: dict[str, Grams] = field(default_factory=dict)


def cache_path(*depends_on: str) -> Path:
    """The file for targets that depend on exactly these texts, in StyleArena's cache folder."""
    root = os.environ.get("STYLEARENA_CACHE_DIR") or platformdirs.user_cache_dir("stylearena")
    digest = hashlib.sha256("\n".join(depends_on).encode()).hexdigest()
    return Path(root) / "targets" / f"{digest}.npz"


def cached(path: Path, compute: Callable[[], Targets]) -> Targets:
    """The targets in ``path``, computed and put there if they are not, or not readable."""
    found = _read(path)
    if found is None:
        found = compute()
        _write(path, found)
    return found


def _read(path: Path) -> Targets | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            of_styles: dict[str, dict[str, Grams]] = {_GRAM: {}, _MOMENTS: {}}
            features: dict[Need, NDArray[np.float32]] = {}
            for name in arrays.files:
                kind, of, what = name.split(":")
                if kind == _FEATURES:
                    features[Need(cast("Pictures", of), what)] = arrays[name]
                else:
                    of_styles[kind].setdefault(of, {})[what] = arrays[name]
            return Targets(features, of_styles[_GRAM], of_styles[_MOMENTS])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("computing again what %s held: %s", path, error)
        return None


def _write(path: Path, targets: Targets) -> None:
    arrays: dict[str, NDArray[np.floating]] = {
        f"{kind}:{picture}:{layer}": array
        for kind, pictures in ((_GRAM, targets.grams), (_MOMENTS, targets.moments))
        for picture, layers in pictures.items()
        for layer, array in layers.items()
    }
    arrays |= {
        f"{_FEATURES}:{need.pictures}:{need.stream}": rows
        for need, rows in targets.features.items()
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".targets-", delete=False) as part:
            try:
                np.savez(part, **arrays)  # type: ignore[arg-type]
                part.close()
                Path(part.name).replace(path)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        _log.warning("the reference features are not kept: %s", error)
