"""A re-score beside the board: the old and the new score and rank of every entry."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluator.metrics.catalogue import MetricInfo, metric_info
from stylearena.judging.models import Evaluation, Rescore, Score
from stylearena.leaderboards.ranking import Candidate, rank
from stylearena.submissions.models import Standing, State

__all__ = ["Difference", "Side", "differences"]


@dataclass(frozen=True, slots=True)
class Side:
    """An entry's score in the ranking metric and its rank.

    ``rank`` is None without a score, off the board, or where its author has a better entry.
    """

    value: float | None
    rank: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """An entry before and after, and how far its re-score is."""

    submission: uuid.UUID
    name: str
    participant: str
    state: State
    reason: str
    old: Side
    new: Side

    @property
    def change(self) -> float | None:
        """The new score less the old one; None unless there are both."""
        if self.new.value is None or self.old.value is None:
            return None
        return self.new.value - self.old.value

    @property
    def climb(self) -> int | None:
        """How many ranks it gains; negative for a loss, None unless it is ranked in both."""
        if self.new.rank is None or self.old.rank is None:
            return None
        return self.old.rank - self.new.rank

    @property
    def fall(self) -> int:
        """How many ranks it loses, for the table."""
        return max(0, -(self.climb or 0))


def differences(rescore: Rescore) -> Sequence[Difference]:
    """Every entry of the re-score by its old rank, the unranked last; two queries."""
    metric = metric_info(rescore.phase.ranking_metric)
    rows = list(rescore.evaluations.select_related("submission__participant", "compared_with"))
    ids = [row.pk for row in rows] + [row.compared_with_id for row in rows if row.compared_with_id]
    of_metric = Score.objects.filter(metric=metric.name, evaluation__in=ids)
    values = dict(of_metric.values_list("evaluation_id", "value"))
    old_ranks = _ranks({row.compared_with_id or 0: row for row in rows}, values, metric)
    new_ranks = _ranks({row.pk: row for row in rows}, values, metric)
    found = [
        Difference(
            submission=row.submission_id,
            name=row.submission.name,
            participant=row.submission.participant.public_name,
            state=State(row.state),
            reason=row.reason,
            old=Side(
                values.get(row.compared_with_id or 0), old_ranks.get(row.compared_with_id or 0)
            ),
            new=Side(values.get(row.pk), new_ranks.get(row.pk)),
        )
        for row in rows
    ]
    return sorted(found, key=lambda row: (row.old.rank is None, row.old.rank or 0, row.name))


def _ranks(
    rows: Mapping[int, Evaluation], values: Mapping[int, float], metric: MetricInfo
) -> dict[int, int | None]:
    """Evaluation id → its rank, of those that stand: one a participant, as on the board."""
    candidates = [
        Candidate(pk, row.submission.participant_id, values[pk], row.submission.created_at)
        for pk, row in rows.items()
        if pk in values and row.submission.standing == Standing.RANKED
    ]
    return {standing.candidate.evaluation: standing.rank for standing in rank(candidates, metric)}
