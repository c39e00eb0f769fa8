"""The whole ranking of a phase: computed when its entries change, remembered by each process.

What an evaluation scored never changes, so the ranking follows from which evaluations stand. A mark
of that set is asked of the database; thousands are ranked only when it differs.
"""

from collections.abc import Sequence
from functools import lru_cache

from django.core.cache import caches
from django.db.models import FilteredRelation, Q, QuerySet

from evaluator.metrics.catalogue import metric_info
from stylearena.competitions.models import Phase
from stylearena.judging.models import Evaluation
from stylearena.leaderboards.provenance import (
    BOARDS,
    Mark,
    current_provenance,
    ranked_evaluations,
)
from stylearena.leaderboards.ranking import Candidate, Standing, rank

__all__ = ["forget", "standings", "standings_among"]


def standings(phase: Phase) -> Sequence[Standing]:
    """The whole ranking of a phase, best first, without the scores of each row."""
    provenance = current_provenance(phase)
    return standings_among(phase, ranked_evaluations(phase, provenance), provenance.mark)


def standings_among(phase: Phase, ranked: QuerySet[Evaluation], mark: Mark) -> Sequence[Standing]:
    """The ranking of the evaluations that ``ranked`` selects, all of this phase and so marked."""
    return _computed(_Key(phase.pk, phase.ranking_metric, mark, ranked))


def forget() -> None:
    """Remember nothing, for tests: they use ids again, and change rows past our services."""
    _computed.cache_clear()
    caches[BOARDS].clear()


class _Key:
    """What a ranking depends on, and the query that reads it, which is not compared."""

    def __init__(self, phase: int, metric: str, mark: Mark, ranked: QuerySet[Evaluation]) -> None:
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
