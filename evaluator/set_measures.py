"""From a protocol's metric specs to the measures of whole sets, and the features that they need.

A target is what outputs are compared with, reduced once. What it can say of its own spread decides
how its interval is made (``overall``). No torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal, NamedTuple, cast, runtime_checkable
from typing import Protocol as Interface

import numpy as np
from numpy.typing import NDArray

from evaluator.metrics.catalogue import metric_info
from evaluator.metrics.density_coverage import CoverageTarget, DensityTarget
from evaluator.metrics.fid import FidReference
from evaluator.metrics.fid_infinity import FidInfinityTarget
from evaluator.metrics.guard_gap import FidShareTarget, GuardGapMeasure
from evaluator.metrics.kid import KidSubsetsTarget, KidTarget
from evaluator.metrics.lpips_fid import LpipsFidMeasure
from evaluator.metrics.memorisation import MemorisationTarget, MifidMeasure
from evaluator.metrics.precision_recall import PrecisionTarget, RecallTarget
from evaluator.protocols import MetricSpec, Protocol

__all__ = [
    "Composite",
    "Need",
    "Pictures",
    "Resampled",
    "Scored",
    "SetMeasure",
    "SetTarget",
    "Slow",
    "Smooth",
    "composite",
    "needs_of",
    "set_measure",
]

Floats = NDArray[np.float64]
Rows = NDArray[np.floating]


Pictures = Literal["reference", "content"]


class Need(NamedTuple):
    """The rows of one of a dataset's picture sets in one stream of features."""

    pictures: Pictures
    stream: str


class SetTarget(Interface):
    """What the rows of outputs, [N, d], are compared with."""

    def value(self, rows: Rows) -> float: ...


@runtime_checkable
class Resampled(SetTarget, Interface):
    """A target that knows its value under resamples of the outputs, weights [K, N]."""

    def replicates(self, rows: Rows, weights: Floats) -> Floats: ...


@runtime_checkable
class Slow(Resampled, Interface):
    """A target whose replicates take long: asked for a few at a time, they are the same numbers."""

    @property
    def at_once(self) -> int: ...


@runtime_checkable
class Smooth(Resampled, Interface):
    """A target that also knows how far each row moves its value, to first order: [N]."""

    def influence(self, rows: Rows) -> Floats: ...


@runtime_checkable
class Scored(SetTarget, Interface):
    """A target whose value is the mean of scores of single rows, [N]."""

    def scores(self, rows: Rows) -> Floats: ...


@dataclass(frozen=True, slots=True)
class SetMeasure:
    """One set metric.

    ``target`` takes the rows of each of ``needs``; outputs are judged by ``stream``. There must be
    at least ``references`` rows of each need, and more than ``above`` outputs. What estimates a
    distribution from both sides (KID, the manifold's four) asks for the same least number of both.
    """

    target: Callable[..., SetTarget]
    stream: str = "inception"
    needs: tuple[Need, ...] = (Need("reference", "inception"),)
    references: int = 2
    above: int = 1


class Composite(Interface):
    """A metric made of the finished values of others, in the order of ``parts``."""

    @property
    def parts(self) -> tuple[str, ...]: ...

    def value(self, parts: tuple[float, ...]) -> float: ...


def set_measure(spec: MetricSpec) -> SetMeasure | None:
    """The measure of a set metric; None for metrics of pairs and composites."""
    make = _MEASURES.get(spec.name)
    return None if make is None else make(spec)


def composite(spec: MetricSpec) -> Composite | None:
    """The measure of a composite of whole sets; None for all other metrics."""
    make = _COMPOSITES.get(spec.name)
    return None if make is None else make(spec)


def needs_of(protocol: Protocol) -> tuple[frozenset[str], frozenset[Need]]:
    """The streams that outputs need under the protocol, and the rows that datasets must give.

    Raises ValueError for a composite without the metrics that it is made of.
    """
    for spec in protocol.metrics:
        _require_parts(spec, protocol)
    found = [measure for spec in protocol.metrics if (measure := set_measure(spec))]
    return (
        frozenset(measure.stream for measure in found),
        frozenset(need for measure in found for need in measure.needs),
    )


def _require_parts(spec: MetricSpec, protocol: Protocol) -> None:
    made = composite(spec)
    if made and not {held.name for held in protocol.metrics}.issuperset(made.parts):
        wanted = " and ".join(made.parts)
        raise ValueError(f"{protocol.name}: {metric_info(spec.name).short} needs {wanted}")


def _frechet(spec: MetricSpec, stream: str) -> SetMeasure:
    return SetMeasure(FidReference.of, stream, (Need("reference", stream),))


def _share(spec: MetricSpec, stream: str) -> SetMeasure:
    needs = (Need("reference", stream), Need("content", stream))
    return SetMeasure(FidShareTarget.of, stream, needs)


def _fid_infinity(spec: MetricSpec) -> SetMeasure:
    points, smallest, seed = _integers(spec, "points", "smallest", "seed")

    def target(reference: Rows) -> SetTarget:
        gaussian = FidReference.of(reference).gaussian
        return FidInfinityTarget(gaussian, points=points, smallest=smallest, seed=seed)

    return SetMeasure(target, above=smallest)


def _kid(spec: MetricSpec) -> SetMeasure:
    return SetMeasure(KidTarget.of, references=max(2, spec.minimum))


def _kid_subsets(spec: MetricSpec) -> SetMeasure:
    subsets, size, seed = _integers(spec, "subsets", "size", "seed")

    def target(reference: Rows) -> SetTarget:
        return KidSubsetsTarget(KidTarget.of(reference), subsets=subsets, size=size, seed=seed)

    return SetMeasure(target, references=size, above=size - 1)


def _manifold(spec: MetricSpec, make: Callable[[Rows, int], SetTarget]) -> SetMeasure:
    (k,) = _integers(spec, "k")
    return SetMeasure(partial(_with_k, make, k), references=max(k + 1, spec.minimum), above=k)


def _with_k(make: Callable[[Rows, int], SetTarget], k: int, reference: Rows) -> SetTarget:
    return make(reference, k)


def _memorisation(spec: MetricSpec) -> SetMeasure:
    return SetMeasure(MemorisationTarget.of, references=1, above=0)


def _mifid(spec: MetricSpec) -> Composite:
    return MifidMeasure(threshold=cast("float", spec.parameter("threshold")))


def _integers(spec: MetricSpec, *names: str) -> tuple[int, ...]:
    return tuple(cast("int", spec.parameter(name)) for name in names)


_MEASURES: Mapping[str, Callable[[MetricSpec], SetMeasure]] = MappingProxyType(
    {
        "fid": partial(_frechet, stream="inception"),
        "sfid": partial(_frechet, stream="inception-spatial"),
        "clean_fid": partial(_frechet, stream="inception-clean"),
        "fid_guard": partial(_frechet, stream="inception-guard"),
        "fid_share": partial(_share, stream="inception"),
        "fid_share_guard": partial(_share, stream="inception-guard"),
        "fid_infinity": _fid_infinity,
        "kid": _kid,
        "kid_subsets": _kid_subsets,
        "precision": partial(_manifold, make=PrecisionTarget.of),
        "recall": partial(_manifold, make=RecallTarget),
        "density": partial(_manifold, make=DensityTarget.of),
        "coverage": partial(_manifold, make=CoverageTarget.of),
        "memorisation_distance": _memorisation,
    }
)

_COMPOSITES: Mapping[str, Callable[[MetricSpec], Composite]] = MappingProxyType(
    {
        "mifid": _mifid,
        "lpips_fid": lambda spec: LpipsFidMeasure(str(spec.parameter("network"))),
        "guard_gap": lambda _spec: GuardGapMeasure(),
    }
)
