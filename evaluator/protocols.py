"""Protocols: named, frozen bundles of everything that can change a number.

The digest of a protocol is the sha256 of its TOML, so that what people read is what is compared.
Declared in code, never read from a file; importing them loads no torch.
"""

import hashlib
import json
from dataclasses import dataclass, fields, is_dataclass

from evaluator.compact_specs import (
    COMPACT_BACKBONES,
    COMPACT_CONTENT_LAYER,
    COMPACT_FID_DIMS,
    COMPACT_NOTICE,
    COMPACT_STYLE_LAYERS,
    LPIPS_COMPACT,
)
from evaluator.errors import ParticipantError
from evaluator.images import PicturePolicy
from evaluator.metrics.catalogue import METRICS
from evaluator.pair_specs import COLOUR_DISTANCE, SSIM, mean_std
from evaluator.specs import BackboneSpec, Bootstrap, MetricSpec, Value, WeightsRef

__all__ = [
    "DEFAULT_PROTOCOL",
    "BackboneSpec",
    "Bootstrap",
    "MetricSpec",
    "Protocol",
    "WeightsRef",
    "protocol",
    "protocol_names",
    "register_protocol",
]

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT_LAYER = "conv4_2"

# Gatys et al. take β/α = 10³ for Caffe's VGG, whose activations are of the order of 100. The style
# loss is of fourth order in the activations, the content loss of second, and in the networks below
# they are of order 1: at 10⁵ both terms of the total are of the same order on real pictures.
BETA = 1e5


@dataclass(frozen=True, slots=True)
class Protocol:
    """Everything that can change a number. Changing anything makes a protocol of a new name.

    ``revision`` counts the changes of the computation itself; ``digits`` are the significant
    digits to which two machines agree.
    """

    name: str
    title: str
    notice: str
    pictures: PicturePolicy
    backbones: tuple[BackboneSpec, ...]
    metrics: tuple[MetricSpec, ...]
    bootstrap: Bootstrap
    digits: int = 6
    revision: int = 1

    def digest(self) -> str:
        """sha256 of ``to_toml()``."""
        return hashlib.sha256(self.to_toml().encode()).hexdigest()

    def to_toml(self) -> str:
        """Every field, in a fixed order; ``tomllib`` reads it back. None is left out."""
        parts = [_table("", self), _table("[pictures]", self.pictures)]
        for backbone in self.backbones:
            parts.append(_table("[[backbones]]", backbone))
            parts.append(_table("[backbones.weights]", backbone.weights))
            if backbone.heads is not None:
                parts.append(_table("[backbones.heads]", backbone.heads))
        for metric in self.metrics:
            parts.append(_table("[[metrics]]", metric))
            parts.append(_lines("[metrics.parameters]", dict(metric.parameters)))
        parts.append(_table("[bootstrap]", self.bootstrap))
        return "\n".join(part for part in parts if part)

    @property
    def weights(self) -> dict[str, str]:
        """The weights that the backbones need: name → sha256."""
        refs = [ref for spec in self.backbones for ref in (spec.weights, spec.heads) if ref]
        return {ref.name: ref.sha256 for ref in refs}

    def backbone(self, role: str) -> BackboneSpec:
        """The backbone in that role; KeyError if there is none."""
        return {str(spec.role): spec for spec in self.backbones}[role]

    def metric(self, name: str) -> MetricSpec:
        """The metric of that name; KeyError if the protocol does not hold it."""
        return {spec.name: spec for spec in self.metrics}[name]


DEFAULT_PROTOCOL = "untrained-1"

_PROTOCOLS: dict[str, Protocol] = {}


def protocol(name: str) -> Protocol:
    """The protocol of that name; ParticipantError ``protocol.unknown`` lists the known ones."""
    if name not in _PROTOCOLS:
        raise ParticipantError(
            "protocol.unknown",
            f"There is no protocol {name!r}; known are {', '.join(protocol_names())}.",
        )
    return _PROTOCOLS[name]


def protocol_names() -> tuple[str, ...]:
    """The names of all protocols, the default first."""
    return tuple(_PROTOCOLS)


def register_protocol(new: Protocol) -> Protocol:
    """Add a protocol; ValueError if its name is taken by a different one, or a metric is unknown
    or a cost of the run, which is no protocol's matter."""
    known = {name for name, info in METRICS.items() if info.scope != "run"}
    unknown = {spec.name for spec in new.metrics} - known
    if unknown:
        raise ValueError(f"unknown metrics: {', '.join(sorted(unknown))}")
    if _PROTOCOLS.setdefault(new.name, new) != new:
        raise ValueError(f"the protocol {new.name!r} exists and is different")
    return new


def metrics_of(
    *,
    content_layer: str = CONTENT_LAYER,
    style_layers: tuple[str, ...] = STYLE_LAYERS,
    beta: float,
    fid_dims: int,
    fid_minimum: int,
) -> tuple[MetricSpec, ...]:
    """The eight metrics of v1 on the given layers, style layers weighted equally (w_l = 1/L)."""
    content: tuple[tuple[str, Value], ...] = (("layer", content_layer),)
    style: tuple[tuple[str, Value], ...] = (
        ("layers", style_layers),
        ("layer_weights", tuple(1 / len(style_layers) for _ in style_layers)),
    )
    return (
        MetricSpec("total_loss", (("alpha", 1.0), ("beta", beta))),
        MetricSpec("content_loss", content),
        MetricSpec("style_loss", style),
        MetricSpec("fid", (("dims", fid_dims),), minimum=fid_minimum),
        MetricSpec("content_mse", content),
        MetricSpec("content_rmse", content),
        MetricSpec("style_mse", style),
        MetricSpec("style_rmse", style),
    )


def _table(heading: str, record: object) -> str:
    """The plain fields of a dataclass under a heading; nested records get tables of their own."""
    values: dict[str, Value] = {}
    for field in fields(record):  # type: ignore[arg-type]
        value = getattr(record, field.name)
        if isinstance(value, float | int | str):
            values[field.name] = value
        elif not (value is None or isinstance(value, tuple) or is_dataclass(value)):
            raise TypeError(f"{field.name} would be missing from the digest")
    return _lines(heading, values)


def _lines(heading: str, values: dict[str, Value]) -> str:
    lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
    return "".join(f"{line}\n" for line in [heading, *lines] if line) if lines else ""


def _toml(value: Value) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)  # JSON strings are TOML basic strings
    return repr(value)


untrained_1 = register_protocol(
    Protocol(
        name="untrained-1",
        title="Untrained slices: no download, for a first look",
        notice="preview: not comparable with published numbers",
        pictures=PicturePolicy(),
        backbones=(
            BackboneSpec(
                role="perceptual",
                architecture="vgg19",
                weights=WeightsRef(
                    "seeded-vgg19-quarter",
                    "642e70c49f615758390d13c86367042c1a4aa03d45b62b0db494cdab0e0f2fbe",
                ),
                preprocessing="torchvision",
                width=0.25,
            ),
            BackboneSpec(
                role="inception",
                architecture="inception-v3-2015-12-05",
                weights=WeightsRef(
                    "seeded-inception-stem",
                    "666d1b39ae6bffa59da52c888da8d9e8a4e56ddda34de3941062b9c80fd11cc7",
                ),
                preprocessing="fid",
            ),
        ),
        metrics=metrics_of(beta=BETA, fid_dims=64, fid_minimum=64),
        bootstrap=Bootstrap(),
        revision=2,
    )
)
"""VGG-19 with a quarter of the channels and Inception's stem to its first block, both with seeded
random weights. FID needs 64 pairs, as many as its features have dimensions."""

standard_1 = register_protocol(
    Protocol(
        name="standard-1",
        title="The field's own networks: VGG-19 and FID's Inception-v3 of 2015-12-05",
        notice="",
        pictures=PicturePolicy(),
        backbones=(
            BackboneSpec(
                role="perceptual",
                architecture="vgg19",
                weights=WeightsRef(
                    "vgg19-torchvision",
                    "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
                ),
                preprocessing="torchvision",
            ),
            BackboneSpec(
                role="inception",
                architecture="inception-v3-2015-12-05",
                weights=WeightsRef(
                    "inception-2015-12-05",
                    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
                ),
                preprocessing="fid",
            ),
        ),
        metrics=(
            *metrics_of(beta=BETA, fid_dims=2048, fid_minimum=2048),
            mean_std(),
            SSIM,
            COLOUR_DISTANCE,
        ),
        bootstrap=Bootstrap(set_replicates=50),
        revision=2,
    )
)
"""Official weights. FID needs 2048 pairs: with fewer than its features have dimensions the
covariance is singular and the bias outweighs what is measured."""

compact_1 = register_protocol(
    Protocol(
        name="compact-1",
        title="Compact: small networks that imitate the field's, no download",
        notice=COMPACT_NOTICE,
        pictures=PicturePolicy(),
        backbones=COMPACT_BACKBONES,
        metrics=(
            *metrics_of(
                content_layer=COMPACT_CONTENT_LAYER,
                style_layers=COMPACT_STYLE_LAYERS,
                beta=BETA,
                fid_dims=COMPACT_FID_DIMS,
                fid_minimum=COMPACT_FID_DIMS,
            ),
            LPIPS_COMPACT,
            SSIM,
            COLOUR_DISTANCE,
        ),
        bootstrap=Bootstrap(),
        digits=5,
    )
)
"""Trained by ``python -m evaluator.compact train``; how well they imitate says ``evaluate``."""
