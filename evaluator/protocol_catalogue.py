"""The protocols of this version, declared: what each measures, by which networks, from which N on.

Light. ``protocols`` finds them by name.
"""

from dataclasses import replace

from evaluator import pair_specs, set_specs
from evaluator.compact_specs import (
    COMPACT_BACKBONES,
    COMPACT_BETA,
    COMPACT_CFSD,
    COMPACT_CONTENT_LAYER,
    COMPACT_FID_DIMS,
    COMPACT_MEAN_STD,
    COMPACT_MINIMUM,
    COMPACT_NOTICE,
    COMPACT_STYLE_LAYERS,
    LPIPS_COMPACT,
)
from evaluator.images import PicturePolicy
from evaluator.protocol_record import Protocol
from evaluator.specs import BackboneSpec, Bootstrap, MetricSpec, Value, WeightsRef

__all__ = ["PROTOCOLS", "metrics_of"]

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT_LAYER = "conv4_2"

# Gatys et al. take β/α = 10³ for Caffe's VGG, whose activations are of the order of 100. The style
# loss is of fourth order in the activations, the content loss of second, and in the networks below
# they are of order 1: at 10⁵ both terms of the total are of the same order on real pictures.
BETA = 1e5

STANDARD_MINIMUM = 2048


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


UNTRAINED_INCEPTION = BackboneSpec(
    role="inception",
    architecture="inception-v3-2015-12-05",
    weights=WeightsRef(
        "seeded-inception-stem",
        "666d1b39ae6bffa59da52c888da8d9e8a4e56ddda34de3941062b9c80fd11cc7",
    ),
    preprocessing="fid",
)

COMPACT_1 = Protocol(
    name="compact-1",
    title="Compact: small networks that imitate the field's, no download",
    notice=COMPACT_NOTICE,
    pictures=PicturePolicy(),
    backbones=COMPACT_BACKBONES,
    metrics=(
        *metrics_of(
            content_layer=COMPACT_CONTENT_LAYER,
            style_layers=COMPACT_STYLE_LAYERS,
            beta=COMPACT_BETA,
            fid_dims=COMPACT_FID_DIMS,
            fid_minimum=COMPACT_MINIMUM,
        ),
        LPIPS_COMPACT,
        pair_specs.SSIM,
        pair_specs.COLOUR_DISTANCE,
        *set_specs.set_metrics(),
        set_specs.fid_share(minimum=COMPACT_MINIMUM),
        set_specs.lpips_fid("compact", minimum=COMPACT_MINIMUM),
    ),
    bootstrap=Bootstrap(),
    digits=5,
    revision=2,
)
"""Trained by ``python -m evaluator.compact train``; ``docs/compact.md`` says how well they imitate
and of how many pictures FID was measured there: 96, which it needs here too."""

COMPACT_FULL_1 = replace(
    COMPACT_1,
    name="compact-full-1",
    title="Compact with more metrics of pairs, which cost more time, no download",
    metrics=(*COMPACT_1.metrics, COMPACT_MEAN_STD, COMPACT_CFSD, pair_specs.STYLE_COPY),
    revision=1,
)
"""With AdaIN's own style loss, the structure that is kept, and copied patches."""


def _guarded(base: Protocol, guard: BackboneSpec, *, name: str, title: str) -> Protocol:
    """A protocol with a second Inception, which entries were not tuned against."""
    backbone, metrics = set_specs.guard(guard, dims=64, minimum=base.metric("fid").minimum)
    return replace(
        base,
        name=name,
        title=title,
        backbones=(*base.backbones, backbone),
        metrics=(*base.metrics, *metrics),
    )


COMPACT_GUARDED_1 = _guarded(
    COMPACT_1,
    UNTRAINED_INCEPTION,
    name="compact-guarded-1",
    title="Compact with a guard: a second network watches over FID, no download",
)
"""For held-out boards. The guard is Inception's stem with seeded random weights: features that
nobody trained, in which FID orders sets too, and against which nobody has optimised."""

UNTRAINED_1 = Protocol(
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
        UNTRAINED_INCEPTION,
    ),
    metrics=metrics_of(beta=BETA, fid_dims=64, fid_minimum=64),
    bootstrap=Bootstrap(),
    revision=3,
)
"""VGG-19 with a quarter of the channels and Inception's stem to its first block, both with seeded
random weights. FID needs 64 pairs, as many as its features have dimensions."""

STANDARD_1 = Protocol(
    name="standard-1",
    title="The field's own networks: VGG-19, FID's Inception-v3 of 2015-12-05, LPIPS by AlexNet",
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
        pair_specs.LPIPS_BACKBONES["alex"],
    ),
    metrics=(
        *metrics_of(beta=BETA, fid_dims=2048, fid_minimum=STANDARD_MINIMUM),
        pair_specs.mean_std(),
        pair_specs.lpips("alex"),
        pair_specs.cfsd(),
        pair_specs.SSIM,
        pair_specs.COLOUR_DISTANCE,
        *set_specs.set_metrics(),
        set_specs.mifid(minimum=STANDARD_MINIMUM),
        set_specs.fid_share(minimum=STANDARD_MINIMUM),
        set_specs.lpips_fid("alex", minimum=STANDARD_MINIMUM),
    ),
    bootstrap=Bootstrap(set_replicates=50),
    revision=3,
)
"""Official weights. FID needs 2048 pairs: with fewer than its features have dimensions the
covariance is singular and the bias outweighs what is measured. KID, and precision and its kin, are
there for smaller sets."""

STANDARD_FULL_1 = replace(
    STANDARD_1,
    name="standard-full-1",
    title="Everything: standard-1 and the metrics that cost more time or downloads",
    backbones=(
        *STANDARD_1.backbones,
        pair_specs.LPIPS_BACKBONES["squeeze"],
        pair_specs.LPIPS_BACKBONES["vgg"],
    ),
    metrics=(
        *STANDARD_1.metrics,
        pair_specs.lpips("squeeze"),
        pair_specs.lpips("vgg"),
        pair_specs.STYLE_COPY,
        *set_specs.published_forms(minimum=STANDARD_MINIMUM),
    ),
)
"""With LPIPS by all three networks, copied patches, and FID and KID in the other forms that papers
print: FID∞, sFID, clean-FID, KID over subsets."""

PROTOCOLS = (
    COMPACT_1,
    COMPACT_GUARDED_1,
    COMPACT_FULL_1,
    UNTRAINED_1,
    STANDARD_1,
    STANDARD_FULL_1,
)
"""The default first."""
