"""Ranking rules, pure: which entry stands for a participant, and which rank it holds.

Scores are compared as they are published: two values with the same printed digits are equal, and
equal values share a rank (standard competition ranking: 1, 2, 2, 4). An entry without a finite
score has no rank and stands last, whatever the direction of the metric.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from evaluator.metrics.catalogue import MetricInfo
from stylearena.leaderboards.rounding import published

__all__ = ["Candidate", "Standing", "best_of_each", "in_order_of", "rank"]

_Key = tuple[bool, float, datetime, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A promoted evaluation that may stand on a board, with its score in the ranking metric."""

    evaluation: int
    participant: int
    value: float | None
    handed_in: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A participant's best entry and its rank; None where it has no finite score."""

    rank: int | None
    candidate: Candidate


def rank(candidates: Iterable[Candidate], metric: MetricInfo) -> list[Standing]:
    """One standing a participant, best first; equal published values share the smallest rank."""
    ordered = sorted(best_of_each(candidates, metric), key=lambda c: _key(c, c.value, metric))
    standings: list[Standing] = []
    for place, candidate in enumerate(ordered, start=1):
        standings.append(Standing(_rank_at(place, candidate, standings, metric), candidate))
    return standings


def best_of_each(candidates: Iterable[Candidate], metric: MetricInfo) -> list[Candidate]:
    """The best entry of each participant; of equal ones the one handed in first."""
    best: dict[int, tuple[_Key, Candidate]] = {}
    for candidate in candidates:
        key = _key(candidate, candidate.value, metric)
        held = best.get(candidate.participant)
        if held is None or key < held[0]:
            best[candidate.participant] = (key, candidate)
    return [candidate for _, candidate in best.values()]


def in_order_of(
    standings: Sequence[Standing],
    values: dict[int, float],
    metric: MetricInfo,
    *,
    descending: bool,
) -> list[Standing]:
    """The standings by ``values`` (evaluation id → score); ranks are kept, the scoreless last."""

    def key(standing: Standing) -> tuple[bool, float]:
        value = _published(values.get(standing.candidate.evaluation), metric)
        return value is None, 0.0 if value is None else -value if descending else value

    return sorted(standings, key=key)


def _rank_at(
    place: int, candidate: Candidate, before: Sequence[Standing], metric: MetricInfo
) -> int | None:
    value = _published(candidate.value, metric)
    if value is None:
        return None
    if before and _published(before[-1].candidate.value, metric) == value:
        return before[-1].rank
    return place


def _key(candidate: Candidate, value: float | None, metric: MetricInfo) -> _Key:
    """Smaller is better: scored before scoreless, better before worse, earlier before later."""
    shown = _published(value, metric)
    worth = 0.0 if shown is None else shown if metric.lower_is_better else -shown
    return shown is None, worth, candidate.handed_in, candidate.evaluation


def _published(value: float | None, metric: MetricInfo) -> float | None:
    """The value with the digits that are printed; None unless it is a finite number."""
    if value is None or not math.isfinite(value):
        return None
    return published(value, metric)
