"""The scorer: one protocol's backbones, warm, and the numbers that they give to a pair.

Pictures are scored one at a time, so that a pair's values do not depend, bit for bit, on which
pairs are scored with it. Set metrics wait for ``conclude``.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.backbones.download import Progress
from evaluator.backbones.loading import exact_arithmetic, find_device
from evaluator.backbones.networks import Networks
from evaluator.conclusion import RunInfo, conclude
from evaluator.datasets import Dataset, Pair
from evaluator.errors import ParticipantError
from evaluator.image_sets import Picture
from evaluator.images import decode
from evaluator.measures import Measures
from evaluator.protocols import Protocol
from evaluator.set_measures import Need, Pictures, needs_of
from evaluator.shards import PairScore, ShardResult
from evaluator.targets import Grams, Targets, cache_path, cached
from evaluator.version import __version__
from evaluator.views import KeptViews, View, Wanted, look, on_device

__all__ = ["PairScore", "RunInfo", "Scorer", "ShardResult", "conclude"]

Pixels = NDArray[np.uint8]
Count = Callable[[int, int], None]


class Scorer:
    """Scores pairs under a protocol; keeps backbones and the targets of datasets warm.

    Not for several threads at once.
    """

    def __init__(
        self,
        protocol: Protocol,
        *,
        device: str = "cpu",
        weights_dir: Path | None = None,
        on_download: Progress | None = None,
    ) -> None:
        """Load the backbones, downloading registered weights that are missing.

        Raises ParticipantError ``device.*`` and PlatformFault ``weights.*``.
        """
        self.protocol = protocol
        self.device = find_device(device)
        self._measures = Measures.of(protocol)
        _, self._needs = needs_of(protocol)
        self._networks = Networks(
            protocol,
            layers=self._measures.layers,
            stacks=self._measures.output.stacks,
            device=self.device,
            weights_dir=weights_dir,
            on_download=on_download,
        )
        self.weights = self._networks.digests
        self._targets: dict[str, Targets] = {}
        self._kept = KeptViews()

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
                __version__,
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
        ParticipantError ``entry.wrong_shape`` if the output is not of the content's size.
        """
        if output.shape != content.shape:
            raise ParticipantError(
                "entry.wrong_shape",
                f"The output for {pair.id} has shape {output.shape}, but its content picture has "
                f"{content.shape}; return pictures of the content's size.",
            )
        self.prepare(dataset)
        seen = look(self._networks, output, self._measures.output)
        with exact_arithmetic():
            values = self._measures.values(
                output=seen,
                content=self._content(dataset.content.by_id(pair.content), content),
                style=self._style(dataset, dataset.style.by_id(pair.style), style),
            )
        return PairScore(values, self._networks.rows(output))

    def reference_rows(self, dataset: Dataset, need: Need) -> NDArray[np.float32]:
        """The features of one of the dataset's picture sets, float32 [R, d]."""
        self.prepare(dataset)
        return self._targets[dataset.digest].features.get(need, np.empty((0, 0), np.float32))

    @property
    def torch_version(self) -> str:
        return str(torch.__version__)

    def _content(self, picture: Picture, pixels: Pixels) -> View:
        wanted = self._measures.content
        return self._kept.get(
            f"content:{picture.sha256}", lambda: look(self._networks, pixels, wanted)
        )

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
        count = on_picture or (lambda _done, _total: None)
        rest = [(kind, picture) for kind in self._row_sets() for picture in getattr(dataset, kind)]
        total = len(dataset.style) + len(rest)
        grams: dict[str, Grams] = {}
        moments: dict[str, Grams] = {}
        rows: dict[Need, list[NDArray[np.float32]]] = {need: [] for need in self._needs}
        for done, picture in enumerate(dataset.style, 1):
            sha256 = picture.sha256
            grams[sha256], moments[sha256] = self._statistics(self._decode(picture))
            count(done, total)
        for done, (kind, picture) in enumerate(rest, 1 + len(dataset.style)):
            for stream, row in self._networks.rows(self._decode(picture)).items():
                rows.get(Need(kind, stream), []).append(row)
            count(done, total)
        features = {need: np.stack(found) for need, found in rows.items() if found}
        return Targets(features, grams, moments)

    def _row_sets(self) -> tuple[Pictures, ...]:
        """The picture sets whose features are needed, the reference set first."""
        wanted = {need.pictures for need in self._needs}
        return tuple(kind for kind in ("reference", "content") if kind in wanted)

    def _decode(self, picture: Picture) -> Pixels:
        return decode(picture.path, self.protocol.pictures, name=picture.path.name)
