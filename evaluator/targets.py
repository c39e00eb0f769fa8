"""What outputs are compared with: reference features and style statistics, once for each dataset.

Kept on disk under a digest of everything they depend on (``kept_arrays``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from evaluator.kept_arrays import kept_arrays, place_of
from evaluator.set_measures import Need, Pictures

__all__ = ["Grams", "Targets", "cache_path", "cached"]

Grams = dict[str, NDArray[np.float64]]
"""VGG layer → Gram matrix float64 [N, N]."""

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
    return place_of("targets", *depends_on)


def cached(path: Path, compute: Callable[[], Targets]) -> Targets:
    """The targets in ``path``, computed and put there if they are not, or not readable."""
    return kept_arrays(path, compute, read=_read, written=_written)


def _read(arrays: Mapping[str, NDArray[Any]]) -> Targets:
    of_styles: dict[str, dict[str, Grams]] = {_GRAM: {}, _MOMENTS: {}}
    features: dict[Need, NDArray[np.float32]] = {}
    for name, array in arrays.items():
        kind, of, what = name.split(":")
        if kind == _FEATURES:
            features[Need(cast("Pictures", of), what)] = array
        else:
            of_styles[kind].setdefault(of, {})[what] = array
    return Targets(features, of_styles[_GRAM], of_styles[_MOMENTS])


def _written(targets: Targets) -> dict[str, NDArray[np.floating]]:
    arrays: dict[str, NDArray[np.floating]] = {
        f"{kind}:{picture}:{layer}": array
        for kind, pictures in ((_GRAM, targets.grams), (_MOMENTS, targets.moments))
        for picture, layers in pictures.items()
        for layer, array in layers.items()
    }
    return arrays | {
        f"{_FEATURES}:{need.pictures}:{need.stream}": rows
        for need, rows in targets.features.items()
    }
