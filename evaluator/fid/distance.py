"""FID of two sides, each a folder of pictures or a file of statistics.

The network is loaded only if a side needs it: two files of statistics, or a cached reference
against one, take no more than their algebra.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evaluator.errors import ParticipantError, PlatformFault
from evaluator.fid.batches import BatchSize
from evaluator.fid.choice import Choice
from evaluator.fid.extraction import available_cpus, rows_by_batches, rows_by_threads
from evaluator.fid.network import Network, WeightsFile, find_weights, network
from evaluator.fid.pictures import digest_of, find_pictures
from evaluator.fid.reference_cache import kept, place_of
from evaluator.images import decoder_version
from evaluator.statistics_file import load_statistics
from evaluator.version import ENGINES, __version__

if TYPE_CHECKING:
    from evaluator.backbones.download import Progress
    from evaluator.frechet import Gaussian

__all__ = ["Extractor", "FidResult", "Given", "Side", "fid_between"]

Heard = Callable[[Path, int, int], None]
"""Called with the folder, the pictures done and their number."""


def _unheard(_folder: Path, _done: int, _total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Side:
    """What a side was: ``pictures`` is None for statistics, which do not tell.

    ``not_taken`` counts the files that lie beside the pictures.
    """

    path: Path
    pictures: int | None
    not_taken: int = 0
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """A side before anything is computed of it: the pictures, or the statistics."""

    path: Path
    files: Sequence[Path] = ()
    not_taken: int = 0
    statistics: Gaussian | None = None


@dataclass(frozen=True, slots=True)
class FidResult:
    """The distance and what it depends on; ``weights`` is a sha256, empty if none were needed."""

    fid: float
    a: Side
    b: Side
    choice: Choice
    weights: str
    seconds: float


@dataclass
class Extractor:
    """Takes sides to their statistics; loads weights and network when first needed.

    ``weights_file`` None means FID's own. ``batch_size`` None leaves it to the device; a CPU
    always works picture by picture, which is its quickest way.
    """

    choice: Choice = field(default_factory=Choice)
    weights_file: Path | None = None
    threads: int | None = None
    batch_size: int | None = None
    on_picture: Heard = _unheard
    on_download: Progress | None = None
    used_weights: str = ""

    def look_at(self, path: Path) -> Given:
        """What ``path`` holds, before a picture is decoded: statistics are read, pictures listed.

        Raises ParticipantError ``fid.*``, ``statistics.*``.
        """
        if path.suffix == ".npz" and not path.is_dir():
            return Given(path, statistics=self._published(path))
        found = find_pictures(path)
        return Given(path, found.pictures, found.others)

    def side(self, given: Given, *, cache: bool) -> tuple[Side, Gaussian]:
        """Raises ParticipantError ``fid.*``, ``device.*``, PlatformFault."""
        path, files = given.path, given.files
        if given.statistics is not None:
            return Side(path, None), given.statistics
        side = Side(path, len(files), given.not_taken)
        if not cache:
            return side, self._measured(path, files)
        place = self._place(files)
        side = replace(side, cached=place.is_file())
        return side, kept(place, lambda: self._measured(path, files))

    def let_go(self) -> None:
        """Free the network: the algebra that follows needs the memory."""
        self.__dict__.pop("_network", None)

    def _published(self, path: Path) -> Gaussian:
        found = load_statistics(path)
        if len(found.mean) != self.choice.dims:
            raise ParticipantError(
                "fid.dims",
                f"The statistics in {path} are of {len(found.mean)} dimensions, but features of "
                f"{self.choice.dims} are asked for; use --dims {len(found.mean)}.",
            )
        return found

    def _place(self, files: Sequence[Path]) -> Path:
        weights, choice = self._weights.sha256, self.choice
        engines = (choice.engine, decoder_version(), __version__, ENGINES)
        return place_of(digest_of(files), weights, str(choice.dims), *engines)

    def _measured(self, folder: Path, files: Sequence[Path]) -> Gaussian:
        from evaluator.frechet import Gaussian

        def heard(done: int, total: int) -> None:
            self.on_picture(folder, done, total)

        heard(0, len(files))
        threads, dims = self.threads or available_cpus(), self.choice.dims
        if self.choice.device == "cpu" and self.choice.mode == "exact":
            rows = rows_by_threads(files, self._network, dims, threads=threads, on_picture=heard)
        else:
            size = BatchSize(self.batch_size, fixed=True) if self.batch_size else BatchSize()
            rows = rows_by_batches(
                *(files, self._network, dims),
                threads=threads,
                size=size,
                device=self.choice.device,
                on_picture=heard,
            )
        if not np.isfinite(rows).all():
            raise PlatformFault(
                "fid.not_finite",
                f"The features of {folder} hold values that are no numbers: the weights "
                f"{self._weights.path} are damaged; replace them.",
            )
        return Gaussian.of(rows)

    @cached_property
    def _weights(self) -> WeightsFile:
        found = find_weights(self.weights_file, self.on_download)
        self.used_weights = found.sha256
        return found

    @cached_property
    def _network(self) -> Network:
        return network(self.choice, self._weights)


def fid_between(a: Path, b: Path, extractor: Extractor, *, cache: bool = True) -> FidResult:
    """FID of ``a`` to ``b``, folders or ``.npz`` statistics; ``cache`` keeps those of ``b``.

    Both are looked at before a picture is decoded, so that a wrong path or file costs nothing.
    """
    begin = time.monotonic()
    given_a, given_b = extractor.look_at(a), extractor.look_at(b)
    of_a, own = extractor.side(given_a, cache=False)
    of_b, reference = extractor.side(given_b, cache=cache)
    extractor.let_go()
    return FidResult(
        fid=own.distance(reference),
        a=of_a,
        b=of_b,
        choice=extractor.choice,
        weights=extractor.used_weights,
        seconds=time.monotonic() - begin,
    )
