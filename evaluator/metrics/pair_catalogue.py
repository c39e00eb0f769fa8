"""What the metrics of pairs beyond the losses are called and mean, and the costs of a run."""

from evaluator.metrics.description import MetricInfo

__all__ = ["PAIR_METRICS", "RUN_METRICS"]


def _lpips(network: str, title: str) -> MetricInfo:
    return MetricInfo(
        name=f"lpips_{network}",
        title=f"LPIPS by {title}",
        short=f"LPIPS ({network})",
        lower_is_better=True,
        scope="pair",
        unit="",
        description=f"Learned perceptual distance of output and content picture (Zhang et al. 2018,"
        f" v0.1), by the features of {title}: how much a person would say has changed.",
    )


PAIR_METRICS = (
    MetricInfo(
        name="mean_std_loss",
        title="Mean/std style loss",
        short="Mean/std",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="Distance of the means and deviations of VGG's channels in output and style "
        "picture (Huang and Belongie 2017, eq. 13): a style loss that sees no correlations.",
    ),
    _lpips("alex", "AlexNet"),
    _lpips("squeeze", "SqueezeNet 1.1"),
    _lpips("vgg", "VGG-16"),
    MetricInfo(
        name="lpips_compact",
        title="LPIPS by the compact network",
        short="LPIPS (compact)",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="Distance of output and content picture by a small network that was trained to "
        "give what LPIPS by SqueezeNet 1.1 gives (Zhang et al. 2018): the same order of pictures "
        "for the most part, not the same values.",
    ),
    MetricInfo(
        name="cfsd",
        title="Content feature structural distance",
        short="CFSD",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="How far the similarities between an output's own places are from those of the "
        "content picture (Chung et al. 2024): structure kept, whatever the colours and strokes.",
    ),
    MetricInfo(
        name="ssim",
        title="Structural similarity",
        short="SSIM",
        lower_is_better=False,
        scope="pair",
        unit="",
        description="SSIM of the luminance of output and content picture (Wang et al. 2004): 1 "
        "where they are equal.",
    ),
    MetricInfo(
        name="colour_distance",
        title="Colour distance",
        short="Colour",
        lower_is_better=True,
        scope="pair",
        unit="ΔE",
        description="Sliced Wasserstein distance of the colours of output and style picture in "
        "CIELAB, wherever in the picture they are.",
    ),
    MetricInfo(
        name="style_copy",
        title="Style copied",
        short="Copied",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="Share of the output's textured patches that are near-copies of a patch of the "
        "style picture: a leak check, 0 for honest methods and 1 for the style picture itself.",
    ),
)

RUN_METRICS = (
    MetricInfo(
        name="stylize_seconds",
        title="Time for a pair",
        short="Time",
        lower_is_better=True,
        scope="run",
        unit="s",
        description="Median wall-clock time that the entry takes for one pair, on the machine of "
        "this run: for information, no part of any protocol.",
        digits=3,
    ),
    MetricInfo(
        name="peak_memory",
        title="Peak memory",
        short="Memory",
        lower_is_better=True,
        scope="run",
        unit="MiB",
        description="Most memory that the entry's process had at once, on the machine of this run: "
        "for information, no part of any protocol.",
        digits=3,
    ),
)
