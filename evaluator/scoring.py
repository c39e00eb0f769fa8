"""The scorer: one protocol's backbones, warm, and the numbers that they give to a pair.

Networks see one picture at a time, so that a pair's values do not depend, bit for bit, on which
pairs are scored with it. Set metrics wait for ``conclude``.
"""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.ahead import worked_ahead
from evaluator.backbones.download import Progress
from evaluator.backbones.loading import exact_arithmetic, find_device
from evaluator.backbones.networks import Networks
from evaluator.backbones.onnx_graph import onnxruntime_version
from evaluator.conclusion import RunInfo, conclude
from evaluator.datasets import Dataset, Pair
from evaluator.errors import ParticipantError
from evaluator.image_sets import ImageSet, Picture
from evaluator.images import decode, decoder_version
from evaluator.lanes import Lanes
from evaluator.measures import Measures
from evaluator.memory import in_less_room
from evaluator.protocols import Protocol
from evaluator.set_measures import Need, Pictures, needs_of
from evaluator.shards import PairScore, ShardResult
from evaluator.targets import Grams, Targets, cache_path, cached
from evaluator.version import ENGINES, __version__
from evaluator.views import KeptViews, View, Wanted, look, on_device

__all__ = ["PairScore", "RunInfo", "Scorer", "Seen", "ShardResult", "conclude"]

Pixels = NDArray[np.uint8]
Count = Callable[[int, int], None]
Rows = dict[str, NDArray[np.float32]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A pair's pictures, uint8 RGB [H, W, 3] each: what there is to score."""

    pair: Pair
    content: Pixels
    style: Pixels
    output: Pixels


class Scorer:
    """Scores pairs under a protocol; keeps backbones and the targets of datasets warm.

    Not for several threads at once; ``scored`` has its own.
    """

    def __init__(
        self,
        protocol: Protocol,
        *,
        device: str = "cpu",
        weights_dir: Path | None = None,
        on_download: Progress | None = None,
        serial: bool = False,
    ) -> None:
        """Load the backbones, downloading registered weights that are missing.

        ``serial``: one network after the other, for a profile; the numbers are the same.
        Raises ParticipantError ``device.*`` and PlatformFault ``weights.*``.
        """
        self.protocol = protocol
        self.device = find_device(device)
        quiet = serial or self.device.type != "cpu"
        self._lanes = Lanes(1 if quiet else None)
        self._measures = Measures.of(protocol)
        _, self._needs = needs_of(protocol)
        self._networks = Networks(
            protocol,
            layers=self._measures.layers,
            stacks=self._measures.output.stacks,
            device=self.device,
            weights_dir=weights_dir,
            on_download=on_download,
            threads=self._lanes.threads,
        )
        self.weights = self._networks.digests
        self._targets: dict[str, Targets] = {}
        self._kept = KeptViews()
        # A GPU is kept busy by one thread; processors have gaps that a second network fills.
        self._beside = None if quiet else ThreadPoolExecutor(1)

    def prepare(self, dataset: Dataset, on_picture: Count | None = None) -> None:
        """Compute, or find in the cache, what outputs on this dataset are compared with.

        ``on_picture`` is told the pictures done and their number. Raises OrganiserError
        ``picture.*`` for reference or style pictures that cannot be used.
        """
        if dataset.digest not in self._targets:
            path = cache_path(
                dataset.digest,
                self.protocol.digest(),
                *sorted(self.weights.values()),
                str(self.device),
                torch.__version__,
                onnxruntime_version(),
                decoder_version(),
                __version__,
                ENGINES,
            )
            self._targets[dataset.digest] = cached(
                path, partial(self._compute_targets, dataset, on_picture)
            )

    def score(
        self, dataset: Dataset, pair: Pair, content: Pixels, style: Pixels, output: Pixels
    ) -> PairScore:
        """Score one output against its pair: uint8 RGB [H, W, 3] each.

        Values are those of the protocol's pair metrics; features hold a row float32 [d] for each
        stream that its set metrics need. Prepares the dataset if nobody did. Raises
        ParticipantError ``entry.wrong_shape`` if the output is not of the content's size and
        PlatformFault ``device.out_of_memory`` if a picture does not fit even alone.
        """
        if output.shape != content.shape:
            raise ParticipantError(
                "entry.wrong_shape",
                f"The output for {pair.id} has shape {output.shape}, but its content picture has "
                f"{content.shape}; return pictures of the content's size.",
            )
        self.prepare(dataset)
        seen = Seen(pair, content, style, output)
        return self._in_less_room(lambda: self._score(dataset, seen, self._started))

    def scored(
        self, dataset: Dataset, pairs: Iterable[Seen]
    ) -> Generator[tuple[Seen, PairScore], None, None]:
        """The scores of many pairs, in their order: as ``score`` gives them, bit for bit, sooner.

        Outputs are of their content's size.
        """
        self.prepare(dataset)

        def score(seen: Seen) -> tuple[Seen, PairScore]:
            return seen, self._in_less_room(lambda: self._score(dataset, seen, self._done))

        yield from self._lanes.run(score, pairs)

    def reference_rows(self, dataset: Dataset, need: Need) -> NDArray[np.float32]:
        """The features of one of the dataset's picture sets, float32 [R, d]."""
        self.prepare(dataset)
        return self._targets[dataset.digest].features.get(need, np.empty((0, 0), np.float32))

    @property
    def torch_version(self) -> str:
        return str(torch.__version__)

    @property
    def onnxruntime_version(self) -> str:
        return onnxruntime_version()

    def _score(
        self, dataset: Dataset, seen: Seen, rows_of: Callable[[Pixels], Future[Rows]]
    ) -> PairScore:
        content = dataset.content.by_id(seen.pair.content)
        style = dataset.style.by_id(seen.pair.style)
        with exact_arithmetic():
            rows = rows_of(seen.output)
            # What another lane is at is not waited for until there is nothing else to do.
            if _key(content) not in self._kept:
                self._content(content, seen.content)
            values = self._measures.values(
                output=look(self._networks, seen.output, self._measures.output),
                content=self._content(content, seen.content),
                style=self._style(dataset, style, seen.style),
            )
            return PairScore(values, rows.result())

    def _started(self, output: Pixels) -> Future[Rows]:
        """The output's feature rows, beside what is done until they are asked for."""
        if self._beside is not None:
            return self._beside.submit(self._networks.rows, output)
        return self._done(output)

    def _done(self, output: Pixels) -> Future[Rows]:
        done: Future[Rows] = Future()
        done.set_result(self._networks.rows(output))
        return done

    def _in_less_room(self, work: Callable[[], T]) -> T:
        """The work, again by itself and without the views kept if memory runs short."""

        def in_lane() -> T:
            with self._lanes.entered():
                return work()

        return in_less_room(in_lane, self._make_room, device=str(self.device))

    def _make_room(self) -> None:
        self._lanes.one_by_one()
        self._kept.clear()
        if self._beside is not None:
            self._beside.shutdown()
            self._beside = None  # two networks at once may have been too many
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _content(self, picture: Picture, pixels: Pixels) -> View:
        wanted = self._measures.content
        return self._kept.get(_key(picture), lambda: look(self._networks, pixels, wanted))

    def _style(self, dataset: Dataset, picture: Picture, pixels: Pixels) -> View:
        """The statistics from the targets; what is left to see of the picture itself is kept."""
        targets = self._targets[dataset.digest]
        grams = targets.grams.get(picture.sha256, {})
        moments = targets.moments.get(picture.sha256, {})
        wanted = self._measures.style
        rest = replace(
            wanted, grams=wanted.grams - set(grams), moments=wanted.moments - set(moments)
        )
        view = self._kept.get(
            f"style:{picture.sha256}:{len(rest.layers)}",
            lambda: look(self._networks, pixels, rest),
        )
        return replace(
            view,
            grams={**view.grams, **on_device(grams, self.device)},
            moments={**view.moments, **on_device(moments, self.device)},
        )

    def _statistics(self, pixels: Pixels) -> tuple[Grams, Grams]:
        """The Gram matrices and channel statistics of a style picture, to be kept on disk."""
        wanted = Wanted(grams=self._measures.style.grams, moments=self._measures.style.moments)
        view = look(self._networks, pixels, wanted)
        grams, moments = (
            {layer: x.cpu().numpy() for layer, x in found.items()}
            for found in (view.grams, view.moments)
        )
        return grams, moments

    def _compute_targets(self, dataset: Dataset, on_picture: Count | None) -> Targets:
        """Each picture is decoded once, however many sets it is in and whatever is read of it."""
        sets = {need.pictures: _of_kind(dataset, need.pictures) for need in self._needs}
        with_rows = {picture.sha256 for pictures in sets.values() for picture in pictures}
        styles = {picture.sha256 for picture in dataset.style}
        every = {p.sha256: p for pictures in (dataset.style, *sets.values()) for p in pictures}
        found = Targets({}, {}, {})
        rows: dict[str, Rows] = {}

        def see(given: tuple[str, Pixels]) -> None:
            sha256, pixels = given
            if sha256 in with_rows:
                rows[sha256] = self._in_less_room(partial(self._networks.rows, pixels))
            if sha256 in styles:
                found.grams[sha256], found.moments[sha256] = self._in_less_room(
                    partial(self._statistics, pixels)
                )

        with worked_ahead(self._decode, every.values()) as decoded:
            seen = self._lanes.run(see, zip(every, decoded, strict=True))
            for done, _ in enumerate(seen, 1):
                if on_picture is not None:
                    on_picture(done, len(every))
        for need in sorted(self._needs):
            if pictures := sets[need.pictures]:
                found.features[need] = np.stack([rows[p.sha256][need.stream] for p in pictures])
        return found

    def _decode(self, picture: Picture) -> Pixels:
        return decode(picture.path, self.protocol.pictures, name=picture.path.name)


def _key(content: Picture) -> str:
    return f"content:{content.sha256}"


def _of_kind(dataset: Dataset, kind: Pictures) -> ImageSet:
    return dataset.reference if kind == "reference" else dataset.content
