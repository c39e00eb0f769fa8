"""Both judges of the held-out pictures: the compact protocol, and one with the real networks.

They run through the scorer's own code (``Networks``, ``Measures``), so that what is compared is
what users get, its time included.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from evaluator.backbones.loading import exact_arithmetic
from evaluator.backbones.networks import Networks
from evaluator.compact.heldout import HeldOut
from evaluator.compact.sources import Pixels
from evaluator.compact.tasks import CAFFE_UNIT
from evaluator.compact.teachers import INCEPTION_DIMS, real_backbones
from evaluator.compact_specs import (
    COMPACT_CONTENT_LAYER,
    COMPACT_MEAN_STD,
    COMPACT_STYLE_LAYERS,
)
from evaluator.frechet import frechet_distance
from evaluator.images import PicturePolicy
from evaluator.measures import Measures
from evaluator.pair_specs import COLOUR_DISTANCE, SSIM, cfsd
from evaluator.protocols import Bootstrap, MetricSpec, Protocol, metrics_of, protocol
from evaluator.views import View, look

__all__ = ["REAL_NAME", "Judgement", "Speed", "judge", "judges", "speed_of"]

CAFFE_BETA = 1e5 * CAFFE_UNIT**2
"""The total's β where activations are 57 times as large."""

REAL_NAME = {"lpips_compact": "lpips_squeeze"}
"""Of compact metrics that are called otherwise by the networks they imitate."""

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Pair metrics by output set, each [pairs]; FID by output set."""

    values: Mapping[str, Mapping[str, NDArray[np.float64]]]
    fid: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Speed:
    """Median processor seconds that one output takes, by either judge, and of their ratios.

    ``whole`` is the ratio with the metrics that need no network, which cost both judges the same.
    """

    real: float
    compact: float
    times: float
    whole: float


def judges(
    weights: Path, name: str = "compact-full-1", *, networkless: Sequence[MetricSpec] = ()
) -> dict[str, tuple[Protocol, Path | None]]:
    """The protocols to be compared, and where their weights lie.

    They hold what the compact protocol ``name`` measures by networks that are imitated, and
    ``networkless``, which needs none.
    """
    losses = metrics_of(
        content_layer=COMPACT_CONTENT_LAYER,
        style_layers=COMPACT_STYLE_LAYERS,
        beta=CAFFE_BETA,
        fid_dims=INCEPTION_DIMS,
        fid_minimum=INCEPTION_DIMS,
    )
    theirs = (*losses, MetricSpec("lpips_squeeze"), COMPACT_MEAN_STD, cfsd(scale=CAFFE_UNIT))
    rules = protocol(name)
    ours = {REAL_NAME.get(spec.name, spec.name): spec for spec in rules.metrics}
    shared = [spec for spec in theirs if spec.name in ours]
    real = Protocol(
        name="compact-teachers",
        title="The networks that the compact ones imitate",
        notice="",
        pictures=PicturePolicy(),
        backbones=real_backbones(weights),
        metrics=(*shared, *networkless),
        bootstrap=Bootstrap(),
    )
    compact = replace(rules, metrics=(*(ours[spec.name] for spec in shared), *networkless))
    return {"real": (real, weights), "compact": (compact, None)}


def judge(rules: Protocol, weights: Path | None, pictures: HeldOut, tell: Tell) -> Judgement:
    """Every metric of ``rules``: pair metrics of the pairs that are judged, FID of every set."""
    judge = _Judge(rules, weights)
    values: dict[str, dict[str, NDArray[np.float64]]] = {}
    contents = [judge.view(content) for content in pictures.contents[: pictures.judged]]
    styles = [judge.view(style) for style in pictures.styles[: pictures.judged]]
    reference = judge.rows(pictures.references)
    fid = {}
    for done, (name, outputs) in enumerate(pictures.outputs.items(), 1):
        triples = zip(outputs[: pictures.judged], contents, styles, strict=True)
        found = [judge.values(judge.view(o), c, s) for o, c, s in triples]
        values[name] = {metric: np.array([each[metric] for each in found]) for metric in found[0]}
        fid[name] = frechet_distance(judge.rows(outputs), reference)
        tell(done, len(pictures.outputs))
    return Judgement(values, fid)


def speed_of(weights: Path, pictures: HeldOut, tell: Tell, *, rounds: int = 9) -> Speed:
    """Both judges take turns at one output: networks and metrics of ``compact-1``, no decoding.

    Processor time of one thread, numpy's products too, so that what else the machine does counts
    little. The first round warms the networks up and does not count.
    """
    networks = judges(weights, "compact-1")
    whole = judges(weights, "compact-1", networkless=(SSIM, COLOUR_DISTANCE))
    turns = [_Judge(*each) for each in (*networks.values(), *whole.values())]
    outputs = [made for outputs in pictures.outputs.values() for made in outputs]
    seconds = []
    with threadpool_limits(1, user_api="blas"):
        for done in range(rounds + 1):
            triple = outputs[done % len(outputs)], pictures.contents[0], pictures.styles[0]
            seconds.append([_seconds(judge, *triple) for judge in turns])
            tell(done, rounds)
    real, compact, whole_real, whole_compact = np.array(seconds[1:]).T
    ratios = real / compact, whole_real / whole_compact
    return Speed(*(float(np.median(x)) for x in (real, compact, *ratios)))


def _seconds(judge: "_Judge", output: Pixels, content: Pixels, style: Pixels) -> float:
    """Of one output, content and style picture being known."""
    seen = judge.view(content), judge.view(style)
    started = time.process_time()
    judge.values(judge.view(output), *seen)
    judge.rows([output])
    return time.process_time() - started


class _Judge:
    """A protocol's networks and pair metrics."""

    def __init__(self, rules: Protocol, weights: Path | None) -> None:
        self._measures = Measures.of(rules)
        self._wanted = self._measures.output | self._measures.content | self._measures.style
        self._networks = Networks(
            rules,
            layers=self._measures.layers,
            stacks=self._wanted.stacks,
            device=torch.device("cpu"),
            weights_dir=weights,
            on_download=None,
        )

    def view(self, picture: Pixels) -> View:
        return look(self._networks, picture, self._wanted)

    def values(self, output: View, content: View, style: View) -> dict[str, float]:
        with exact_arithmetic():
            return self._measures.values(output=output, content=content, style=style)

    def rows(self, pictures: Sequence[Pixels]) -> NDArray[np.float32]:
        return np.stack([self._networks.rows(picture)["inception"] for picture in pictures])
