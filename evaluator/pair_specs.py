"""Ready specs of the pair metrics beyond the losses, for protocols to hold.

One place for their parameters, so that two protocols mean the same by the same metric. Light.
"""

from collections.abc import Mapping
from types import MappingProxyType

from evaluator.specs import Architecture, BackboneSpec, MetricSpec, Role, WeightsRef

__all__ = [
    "COLOUR_DISTANCE",
    "LPIPS_BACKBONES",
    "MEAN_STD_LAYERS",
    "SSIM",
    "STYLE_COPY",
    "cfsd",
    "lpips",
    "mean_std",
]

MEAN_STD_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")

SSIM = MetricSpec("ssim")

COLOUR_DISTANCE = MetricSpec("colour_distance", (("directions", 32),))

# Measured on 25 photographs, 17 paintings and seven published models; see ``style_copy``'s page.
STYLE_COPY = MetricSpec("style_copy", (("side", 24), ("texture", 6.0), ("similarity", 0.97)))


def mean_std(layers: tuple[str, ...] = MEAN_STD_LAYERS) -> MetricSpec:
    """The mean/std style loss on VGG's layers; those of the paper by default."""
    return MetricSpec("mean_std_loss", (("layers", layers),))


def cfsd(*, layer: str = "conv3_1", scale: float = 1.0) -> MetricSpec:
    """CFSD; ``scale`` is 1 for networks trained on torchvision's inputs, as the reference's is.

    Networks that take 0..255 have activations about 57 times as large: 1/57 makes up for it.
    """
    return MetricSpec("cfsd", (("layer", layer), ("scale", scale)))


def lpips(network: str) -> MetricSpec:
    """LPIPS by "alex", "squeeze" or "vgg"; the protocol must hold ``LPIPS_BACKBONES[network]``."""
    return MetricSpec(f"lpips_{network}")


def _backbone(
    role: Role, architecture: Architecture, trunk: WeightsRef, heads: WeightsRef
) -> BackboneSpec:
    return BackboneSpec(role, architecture, trunk, "lpips", heads=heads)


LPIPS_BACKBONES: Mapping[str, BackboneSpec] = MappingProxyType(
    {
        "alex": _backbone(
            "lpips-alex",
            "alexnet",
            WeightsRef(
                "alexnet-torchvision",
                "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
            ),
            WeightsRef(
                "lpips-alex-v0.1",
                "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
            ),
        ),
        "squeeze": _backbone(
            "lpips-squeeze",
            "squeezenet1_1",
            WeightsRef(
                "squeezenet1_1-torchvision",
                "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
            ),
            WeightsRef(
                "lpips-squeeze-v0.1",
                "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76",
            ),
        ),
        "vgg": _backbone(
            "lpips-vgg",
            "vgg16",
            WeightsRef(
                "vgg16-torchvision",
                "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
            ),
            WeightsRef(
                "lpips-vgg-v0.1",
                "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
            ),
        ),
    }
)
