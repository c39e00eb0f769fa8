"""What a protocol is made of: weights, networks, metrics with their parameters, resamples.

Frozen records and nothing else, so that ready specs (``pair_specs``) and protocols both build on
them. Light.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "DEFAULT_PROTOCOL",
    "Architecture",
    "BackboneSpec",
    "Bootstrap",
    "MetricSpec",
    "Role",
    "Value",
    "WeightsRef",
]

DEFAULT_PROTOCOL = "compact-1"
"""The name of the protocol that is meant where none is named; it needs no download."""

Value = float | int | str | tuple[str, ...] | tuple[float, ...]
Role = Literal[
    "perceptual",
    "inception",
    "inception-guard",
    "lpips-squeeze",
    "lpips-alex",
    "lpips-vgg",
    "lpips-compact",
]
Architecture = Literal[
    "vgg19",
    "inception-v3-2015-12-05",
    "squeezenet1_1",
    "alexnet",
    "vgg16",
    "compact-vgg",
    "compact-lpips",
    "compact-inception",
]


@dataclass(frozen=True, slots=True)
class WeightsRef:
    """Weights by their registered name and the sha256 that they must have."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """A network: which, with which weights, fed how.

    ``preprocessing``: "torchvision" (RGB 0..1, ImageNet mean and deviation), "caffe" (BGR 0..255
    minus the mean), "lpips" (RGB −1..1, shifted and scaled as LPIPS v0.1 does) or "fid" (bilinear
    to 299², −1..1); "plain" is RGB 0..255 as it is. ``width`` scales the channels of VGG;
    ``pooling`` is VGG's: "max" as trained, "avg" as Gatys et al. prefer for synthesis. ``heads``
    are LPIPS' linear heads on the network. The role "inception-guard" is that of a second
    Inception, by which ``guard_gap`` sees whether an entry suits the first one alone.
    """

    role: Role
    architecture: Architecture
    weights: WeightsRef
    preprocessing: Literal["torchvision", "caffe", "fid", "lpips", "plain"]
    width: float = 1.0
    pooling: Literal["max", "avg"] = "max"
    heads: WeightsRef | None = None


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric with its parameters; below ``minimum`` pairs it is refused, not printed."""

    name: str
    parameters: tuple[tuple[str, Value], ...] = ()
    minimum: int = 1

    def parameter(self, name: str) -> Value:
        """The parameter's value; KeyError if the metric has none of that name."""
        return dict(self.parameters)[name]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Resamples of contents and styles, shared by all entries (see ``intervals``).

    Metrics of whole sets, which cost more, use the first ``set_replicates`` of them.
    """

    replicates: int = 1000
    set_replicates: int = 200
    seed: int = 20_160_627
    level: float = 0.95
