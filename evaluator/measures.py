"""From a protocol's metric specs to the measures that compute them, and their values for a pair.

Each pair metric has one maker here: it reads the spec's parameters and says what the metric wants
to see of output, content and style picture. Set metrics are in ``set_measures``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from types import MappingProxyType
from typing import Self, cast

from evaluator.metrics.catalogue import METRICS
from evaluator.metrics.cfsd import CfsdMeasure
from evaluator.metrics.colour import ColourMeasure
from evaluator.metrics.content import ContentMeasure
from evaluator.metrics.lpips import LpipsMeasure
from evaluator.metrics.mean_std import MeanStdMeasure
from evaluator.metrics.ssim import SsimMeasure
from evaluator.metrics.style import StyleMeasure
from evaluator.metrics.style_copy import StyleCopyMeasure
from evaluator.metrics.total import TotalMeasure
from evaluator.protocols import MetricSpec, Protocol
from evaluator.views import View, Wanted

__all__ = ["Measures", "PairMeasure"]

NOTHING = Wanted()


@dataclass(frozen=True, slots=True)
class PairMeasure:
    """One metric: its value by the views of output, content and style, and what it reads there."""

    name: str
    value: Callable[[View, View, View], float]
    output: Wanted = NOTHING
    content: Wanted = NOTHING
    style: Wanted = NOTHING


@dataclass(frozen=True, slots=True)
class Measures:
    """The pair metrics of a protocol."""

    pairs: tuple[PairMeasure, ...]
    total: TotalMeasure | None

    @classmethod
    def of(cls, protocol: Protocol) -> Self:
        """Raises ValueError for a total without the losses that it is made of."""
        specs = {spec.name: spec for spec in protocol.metrics}
        if "total_loss" in specs and not {"content_loss", "style_loss"} <= specs.keys():
            raise ValueError(f"{protocol.name}: the total loss needs content and style loss")
        return cls(
            pairs=tuple(_MAKERS[name](spec) for name, spec in specs.items() if name in _MAKERS),
            total=_total(specs["total_loss"]) if "total_loss" in specs else None,
        )

    @property
    def output(self) -> Wanted:
        """What is read of an output."""
        return _all(measure.output for measure in self.pairs)

    @property
    def content(self) -> Wanted:
        """What is read of a content picture."""
        return _all(measure.content for measure in self.pairs)

    @property
    def style(self) -> Wanted:
        """What is read of a style picture."""
        return _all(measure.style for measure in self.pairs)

    @property
    def layers(self) -> frozenset[str]:
        """The layers of VGG that are read of any picture."""
        return (self.output | self.content | self.style).layers

    def values(self, output: View, content: View, style: View) -> dict[str, float]:
        """Metric → value of one pair, in the catalogue's order."""
        values = {measure.name: measure.value(output, content, style) for measure in self.pairs}
        if self.total is not None:
            values["total_loss"] = self.total.value(values["content_loss"], values["style_loss"])
        return {name: values[name] for name in METRICS if name in values}


def _all(wanted: Iterable[Wanted]) -> Wanted:
    return reduce(or_, wanted, NOTHING)


def _content(spec: MetricSpec) -> PairMeasure:
    measure = ContentMeasure(spec.name, _text(spec, "layer"))  # type: ignore[arg-type]
    reads = Wanted(maps=frozenset({measure.layer}))
    return PairMeasure(
        spec.name, lambda o, c, _s: measure.value(o.maps, c.maps), output=reads, content=reads
    )


def _style(spec: MetricSpec) -> PairMeasure:
    weights = cast("tuple[float, ...]", spec.parameter("layer_weights"))
    measure = StyleMeasure(spec.name, _texts(spec, "layers"), weights)  # type: ignore[arg-type]
    reads = Wanted(grams=frozenset(measure.layers))
    return PairMeasure(
        spec.name, lambda o, _c, s: measure.value(o.grams, s.grams), output=reads, style=reads
    )


def _mean_std(spec: MetricSpec) -> PairMeasure:
    measure = MeanStdMeasure(_texts(spec, "layers"))
    reads = Wanted(moments=frozenset(measure.layers))
    return PairMeasure(
        spec.name, lambda o, _c, s: measure.value(o.moments, s.moments), output=reads, style=reads
    )


def _cfsd(spec: MetricSpec) -> PairMeasure:
    measure = CfsdMeasure(_text(spec, "layer"), cast("float", spec.parameter("scale")))
    reads = Wanted(maps=frozenset({measure.layer}))
    return PairMeasure(
        spec.name, lambda o, c, _s: measure.value(o.maps, c.maps), output=reads, content=reads
    )


def _lpips(spec: MetricSpec) -> PairMeasure:
    network = spec.name.removeprefix("lpips_")
    measure = LpipsMeasure(network)
    reads = Wanted(stacks=frozenset({network}))
    return PairMeasure(
        spec.name,
        lambda o, c, _s: measure.value(o.stacks, c.stacks),
        output=reads,
        content=reads,
    )


def _ssim(spec: MetricSpec) -> PairMeasure:
    measure = SsimMeasure()
    return PairMeasure(spec.name, lambda o, c, _s: measure.value(o.pixels, c.pixels))


def _colour(spec: MetricSpec) -> PairMeasure:
    measure = ColourMeasure(cast("int", spec.parameter("directions")))
    reads = Wanted(colours=frozenset({measure.directions}))
    return PairMeasure(
        spec.name, lambda o, _c, s: measure.value(o.colours, s.colours), output=reads, style=reads
    )


def _style_copy(spec: MetricSpec) -> PairMeasure:
    side = cast("int", spec.parameter("side"))
    texture, similarity = (cast("float", spec.parameter(n)) for n in ("texture", "similarity"))
    measure = StyleCopyMeasure(side=side, texture=texture, similarity=similarity)
    return PairMeasure(spec.name, lambda o, _c, s: measure.value(o.pixels, s.pixels))


def _total(spec: MetricSpec) -> TotalMeasure:
    alpha, beta = (cast("float", spec.parameter(name)) for name in ("alpha", "beta"))
    return TotalMeasure(alpha, beta)


def _text(spec: MetricSpec, name: str) -> str:
    return cast("str", spec.parameter(name))


def _texts(spec: MetricSpec, name: str) -> tuple[str, ...]:
    return cast("tuple[str, ...]", spec.parameter(name))


_MAKERS: Mapping[str, Callable[[MetricSpec], PairMeasure]] = MappingProxyType(
    {
        **dict.fromkeys(("content_loss", "content_mse", "content_rmse"), _content),
        **dict.fromkeys(("style_loss", "style_mse", "style_rmse"), _style),
        **dict.fromkeys(("lpips_squeeze", "lpips_alex", "lpips_vgg", "lpips_compact"), _lpips),
        "mean_std_loss": _mean_std,
        "cfsd": _cfsd,
        "ssim": _ssim,
        "colour_distance": _colour,
        "style_copy": _style_copy,
    }
)
