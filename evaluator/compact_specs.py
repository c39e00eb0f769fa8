"""What the compact protocols are made of: their three backbones and their metrics. Light."""

from evaluator import pair_specs
from evaluator.compact.shipped import SHIPPED
from evaluator.specs import Architecture, BackboneSpec, MetricSpec, Role, WeightsRef

__all__ = [
    "COMPACT_BACKBONES",
    "COMPACT_BETA",
    "COMPACT_CFSD",
    "COMPACT_CONTENT_LAYER",
    "COMPACT_FID_DIMS",
    "COMPACT_MEAN_STD",
    "COMPACT_MINIMUM",
    "COMPACT_NOTICE",
    "COMPACT_STYLE_LAYERS",
    "LPIPS_COMPACT",
]

COMPACT_STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")
COMPACT_CONTENT_LAYER = "conv4_1"
COMPACT_FID_DIMS = 256
COMPACT_MINIMUM = 96

COMPACT_BETA = 5e3
"""β of the total: where, on the demo's pictures, the untouched photograph and the copied style come
to about the same. The content loss is a sum over fewer channels than in the standard networks."""

COMPACT_NOTICE = "small networks that imitate the field's: not comparable with published numbers"


def _backbone(role: Role, network: str, architecture: Architecture) -> BackboneSpec:
    weights = WeightsRef(f"compact-{network}", SHIPPED[network].sha256)
    return BackboneSpec(role, architecture, weights, "plain")


COMPACT_BACKBONES = (
    _backbone("perceptual", "vgg", "compact-vgg"),
    _backbone("inception", "inception", "compact-inception"),
    _backbone("lpips-compact", "lpips", "compact-lpips"),
)

LPIPS_COMPACT = MetricSpec("lpips_compact")

COMPACT_MEAN_STD = pair_specs.mean_std(COMPACT_STYLE_LAYERS)

COMPACT_CFSD = pair_specs.cfsd(scale=0.5)
"""By this scale the similarities of a picture's places deviate as much as by VGG-19's conv3_1."""
