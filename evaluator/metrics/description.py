"""The form in which the catalogue describes a metric."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["MetricInfo"]


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """A metric in words. ``digits`` are the significant digits that are published.

    ``scope`` "pair": one value for each pair, the overall score is their mean; "set": one value
    for the whole set of outputs; "run": a cost of the run, which no protocol can fix and no board
    ranks by. ``unit`` is empty where the number has none.
    """

    name: str
    title: str
    short: str
    lower_is_better: bool
    scope: Literal["pair", "set", "run"]
    unit: str
    description: str
    digits: int = 4
