"""The report page's pictures: which pairs are worth showing, and their thumbnails as data URIs.

Bounded: three pairs by total loss and one for each of the first styles, whatever the dataset.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from evaluator.images import PicturePolicy, decode, encode_jpeg
from evaluator.presentation import metrics_in_order, number

if TYPE_CHECKING:
    from evaluator.datasets import Dataset
    from evaluator.metrics.catalogue import MetricInfo
    from evaluator.report import PairScores, Report

__all__ = ["Chosen", "Group", "Thumbnail", "choose", "gallery"]

THUMBNAIL_SIDE = 256
THUMBNAIL_QUALITY = 84
MAX_STYLES = 16
VALUES_SHOWN = ("total_loss", "content_loss", "style_loss")
# The outputs are our own files at any size: nothing about them is refused here.
AS_IT_IS = PicturePolicy(size=None, min_side=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A pair worth showing, and why."""

    why: str
    pair: PairScores


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small JPEG within the page."""

    role: str
    alt: str
    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A pair as the page shows it."""

    label: str
    values: list[str]
    pictures: list[Thumbnail]


@dataclass(frozen=True, slots=True)
class Group:
    """A titled row of pairs."""

    title: str
    pairs: list[Shown]


def choose(report: Report) -> tuple[list[Chosen], list[Chosen]]:
    """Best, median and worst pair by total loss; then each style's own median pair."""
    lead = lead_metric(report)
    if lead is None:
        return [], []
    ranked = _ranked(report.pairs, lead)
    places = {"Best": 0, "Median": len(ranked) // 2, "Worst": len(ranked) - 1}
    extremes = [Chosen(why, ranked[place]) for why, place in places.items()]
    styles = sorted({pair.style for pair in ranked})[:MAX_STYLES]
    samples = []
    for style in styles:
        own = [pair for pair in ranked if pair.style == style]
        samples.append(Chosen(style, own[len(own) // 2]))
    return extremes[: len(ranked)], samples


def lead_metric(report: Report) -> MetricInfo | None:
    """What pairs are ranked by: total loss, or the first metric that pairs have."""
    if not report.pairs:
        return None
    known = metrics_in_order(report.pairs[0].values)
    return next((metric for metric in known if metric.name == "total_loss"), known[0])


def gallery(
    report: Report, dataset: Dataset, policy: PicturePolicy, output: Callable[[str], Path]
) -> list[Group]:
    """The chosen pairs with their thumbnails; ``output`` tells where a pair's picture lies."""
    lead = lead_metric(report)
    if lead is None:
        return []
    extremes, samples = choose(report)
    show = _Show(dataset, policy, output)
    return [
        Group(f"Best, median and worst by {lead.title.lower()}", [show(each) for each in extremes]),
        Group("A median pair of each style", [show(each) for each in samples]),
    ]


def _ranked(pairs: Sequence[PairScores], lead: MetricInfo) -> list[PairScores]:
    sign = 1 if lead.lower_is_better else -1
    return sorted(pairs, key=lambda pair: (sign * pair.values[lead.name], pair.pair))


@dataclass(frozen=True, slots=True)
class _Show:
    dataset: Dataset
    policy: PicturePolicy
    output: Callable[[str], Path]

    def __call__(self, chosen: Chosen) -> Shown:
        pair = chosen.pair
        content = self.dataset.content.by_id(pair.content)
        style = self.dataset.style.by_id(pair.style)
        shown = [name for name in metrics_in_order(pair.values) if name.name in VALUES_SHOWN]
        return Shown(
            label=f"{chosen.why}: {pair.content} in {pair.style}"
            if chosen.why != pair.style
            else f"{pair.content} in {pair.style}",
            values=[f"{metric.short} {number(pair.values[metric.name], 3)}" for metric in shown],
            pictures=[
                _thumbnail("content", pair.content, content.path, self.policy),
                _thumbnail("style", pair.style, style.path, self.policy),
                _thumbnail("output", pair.pair, self.output(pair.pair), AS_IT_IS),
            ],
        )


def _thumbnail(role: str, name: str, path: Path, policy: PicturePolicy) -> Thumbnail:
    import numpy as np

    picture = Image.fromarray(decode(path, policy))
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    jpeg = encode_jpeg(np.asarray(picture), quality=THUMBNAIL_QUALITY)
    uri = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
    return Thumbnail(role, f"{role}: {name}", uri, picture.width, picture.height)
