"""The whole ranking of a phase: computed when its entries change, remembered by each process.

What an evaluation scored never changes, so the ranking follows from which evaluations stand. A mark
of that set is asked of the database each time; thousands are ranked only when it differs.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django.db.models import Count, F, FilteredRelation, Max, Q, QuerySet, Sum

from evaluator.metrics.catalogue import metric_info
from stylearena.competitions.models import Phase
from stylearena.judging.models import Evaluation
from stylearena.leaderboards.provenance import current_provenance, ranked_evaluations
from stylearena.leaderboards.ranking import Candidate, Standing, rank

__all__ = ["forget", "standings", "standings_among"]

_Mark = tuple[int, int | None, int | None, datetime | None]
_PRIME = 65_521  # so that two sets with the same sum of ids differ in the second one


def standings(phase: Phase) -> Sequence[Standing]:
    """The whole ranking of a phase, best first, without the scores of each row."""
    return standings_among(phase, ranked_evaluations(phase, current_provenance(phase)))


def standings_among(phase: Phase, ranked: QuerySet[Evaluation]) -> Sequence[Standing]:
    """The ranking of the evaluations that ``ranked`` selects, all of this phase."""
    key = _Key(phase.pk, phase.ranking_metric, _mark(ranked), ranked)
    return _computed(key)


def forget() -> None:
    """Remember nothing, for tests: they use ids again."""
    _computed.cache_clear()


class _Key:
    """What a ranking depends on, and the query that reads it, which is not compared."""

    def __init__(self, phase: int, metric: str, mark: _Mark, ranked: QuerySet[Evaluation]) -> None:
        self._facts = (phase, metric, mark)
        self.metric = metric
        self.ranked = ranked

    def __hash__(self) -> int:
        return hash(self._facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._facts == other._facts


@lru_cache(maxsize=64)
def _computed(key: _Key) -> tuple[Standing, ...]:
    scored = key.ranked.annotate(
        ranking=FilteredRelation("scores", condition=Q(scores__metric=key.metric))
    ).values_list("pk", "submission__participant_id", "ranking__value", "submission__created_at")
    candidates = [Candidate(*row) for row in scored.iterator()]
    key.ranked = Evaluation.objects.none()  # the key is kept, and need not hold the query
    return tuple(rank(candidates, metric_info(key.metric)))


def _mark(ranked: QuerySet[Evaluation]) -> _Mark:
    found = ranked.aggregate(
        count=Count("pk"),
        ids=Sum("pk"),
        mixed=Sum(F("pk") * (F("pk") % _PRIME)),
        newest=Max("finished_at"),
    )
    return found["count"], found["ids"], found["mixed"], found["newest"]
