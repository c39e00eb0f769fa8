"""What each metric is called, means and which direction is better, for tables, boards and docs.

Light on purpose: the web process and ``--help`` read it without torch. It computes nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType

from evaluator.errors import ParticipantError
from evaluator.metrics.description import MetricInfo
from evaluator.metrics.pair_catalogue import PAIR_METRICS, RUN_METRICS
from evaluator.metrics.set_catalogue import SET_METRICS

__all__ = ["METRICS", "MetricInfo", "metric_info"]


_IN_DISPLAY_ORDER = (
    MetricInfo(
        name="total_loss",
        title="Total loss",
        short="Total",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="α · content loss + β · style loss (Gatys et al. 2016, eq. 7): the balance of "
        "keeping the content and taking on the style. α and β are the protocol's.",
    ),
    MetricInfo(
        name="content_loss",
        title="Content loss",
        short="Content",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="½ Σ (F − P)² over the VGG features of output and content picture (Gatys et "
        "al. 2016, eq. 1). 0 where the output is the content picture itself.",
    ),
    MetricInfo(
        name="style_loss",
        title="Style loss",
        short="Style",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="Weighted squared distance of the Gram matrices of VGG features of output and "
        "style picture (Gatys et al. 2016, eq. 4 and 5). 0 where the output is the style picture.",
    ),
    MetricInfo(
        name="fid",
        title="Fréchet Inception distance",
        short="FID",
        lower_is_better=True,
        scope="set",
        unit="",
        description="Fréchet distance of the Inception features of all outputs to those of the "
        "style reference set (Heusel et al. 2017, eq. 6): how far the outputs as a whole are from "
        "real works. Depends on the number of pictures; compare equal numbers only.",
    ),
    *SET_METRICS,
    MetricInfo(
        name="content_mse",
        title="Content MSE",
        short="C-MSE",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="Mean squared difference of the same features as the content loss: the same "
        "order of entries, independent of the size of the pictures.",
    ),
    MetricInfo(
        name="content_rmse",
        title="Content RMSE",
        short="C-RMSE",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="Square root of each pair's content MSE, in units of the features.",
    ),
    MetricInfo(
        name="style_mse",
        title="Style MSE",
        short="S-MSE",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="Weighted mean squared difference of the Gram matrices divided by channels "
        "times positions, the mean form of the style loss.",
    ),
    MetricInfo(
        name="style_rmse",
        title="Style RMSE",
        short="S-RMSE",
        lower_is_better=True,
        scope="pair",
        unit="",
        description="Square root of each pair's style MSE.",
    ),
    *PAIR_METRICS,
    *RUN_METRICS,
)

METRICS: Mapping[str, MetricInfo] = MappingProxyType(
    {info.name: info for info in _IN_DISPLAY_ORDER}
)


def metric_info(name: str) -> MetricInfo:
    """The metric of that name; ParticipantError ``metric.unknown`` names those there are."""
    if name not in METRICS:
        raise ParticipantError(
            "metric.unknown",
            f"There is no metric {name!r}; known are {', '.join(METRICS)}.",
        )
    return METRICS[name]
