"""Every read of the boards. The number of queries never grows with the number of entries."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.db.models import Count, Q, QuerySet

from evaluator.metrics.catalogue import MetricInfo, metric_info
from stylearena.competitions.models import Phase
from stylearena.judging.models import Evaluation, GalleryPicture, Score
from stylearena.leaderboards.provenance import (
    Provenance,
    columns_of,
    current_provenance,
    ranked_evaluations,
)
from stylearena.leaderboards.ranking import Standing, in_order_of
from stylearena.leaderboards.standings import standings_among

__all__ = ["BY_DATE", "BY_RANK", "PER_PAGE", "Board", "BoardRow", "board", "samples"]

PER_PAGE = 50
BY_RANK, BY_DATE = "rank", "date"


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One entry on a board with its scores by metric; a refused metric is absent."""

    rank: int | None
    submission: uuid.UUID
    evaluation: int
    name: str
    participant: str
    username: str
    handed_in: datetime
    scores: Mapping[str, Score]


@dataclass(frozen=True, slots=True)
class Board:
    """One page of a phase's ranking: ``total`` entries match the search, ``entrants`` stand."""

    phase: Phase
    ranking_metric: MetricInfo
    columns: Sequence[MetricInfo]
    rows: Sequence[BoardRow]
    provenance: Provenance
    total: int
    entrants: int
    sort: str
    descending: bool
    search: str
    page: int
    pages: int


def board(
    phase: Phase,
    *,
    sort: str | None = None,
    descending: bool | None = None,
    search: str = "",
    page: int = 1,
    per_page: int | None = PER_PAGE,
) -> Board:
    """A page of the phase's board; ``per_page=None`` gives all of it on one.

    ``sort`` is "rank", "date" or a column's name (anything else means rank); the direction is by
    default best first, and newest first for dates. ``page`` is brought into range.
    """
    columns = columns_of(phase)
    provenance = current_provenance(phase)
    ranked = ranked_evaluations(phase, provenance)
    stand = standings_among(phase, ranked, provenance.mark)
    order = _Order.of(sort, descending, columns)
    found = _matching(order.apply(stand, ranked), ranked, search.strip())
    size = per_page or max(len(found), 1)
    pages = max(1, -(-len(found) // size))
    page = min(max(page, 1), pages)
    shown = found[(page - 1) * size : page * size]
    return Board(
        phase=phase,
        ranking_metric=metric_info(phase.ranking_metric),
        columns=columns,
        rows=_rows(shown, _only(ranked, shown, everything=len(shown) == len(stand))),
        provenance=provenance,
        total=len(found),
        entrants=len(stand),
        sort=order.by,
        descending=order.descending,
        search=search.strip(),
        page=page,
        pages=pages,
    )


def samples(board: Board) -> dict[int, GalleryPicture]:
    """One picture an entry (by evaluation id), all of the pair that most of the page's share."""
    kept = GalleryPicture.objects.filter(evaluation__in=[row.evaluation for row in board.rows])
    pairs = Counter(dict(kept.order_by().values_list("pair").annotate(Count("pk"))))
    if not pairs:
        return {}
    pair = min(pairs, key=lambda pair: (-pairs[pair], pair))
    of_pair = kept.filter(pair=pair).select_related("evaluation")
    return {picture.evaluation_id: picture for picture in of_pair}


@dataclass(frozen=True, slots=True)
class _Order:
    """How the rows of a board are ordered: by rank, by date, or by one metric."""

    by: str
    descending: bool
    metric: MetricInfo | None

    @classmethod
    def of(cls, sort: str | None, descending: bool | None, columns: Sequence[MetricInfo]) -> Self:
        metric = next((info for info in columns if info.name == sort), None)
        if metric is not None:
            usual = not metric.lower_is_better
        else:
            usual = sort == BY_DATE
        by = metric.name if metric else BY_DATE if sort == BY_DATE else BY_RANK
        return cls(by, usual if descending is None else descending, metric)

    def apply(self, stand: Sequence[Standing], ranked: QuerySet[Evaluation]) -> Sequence[Standing]:
        if self.metric is not None:
            of_metric = Score.objects.filter(metric=self.metric.name, evaluation__in=ranked)
            values = dict(of_metric.values_list("evaluation_id", "value"))
            return in_order_of(stand, values, self.metric, descending=self.descending)
        if self.by == BY_DATE:
            return sorted(stand, key=lambda s: s.candidate.handed_in, reverse=self.descending)
        if not self.descending:
            return stand
        return [s for s in reversed(stand) if s.rank] + [s for s in stand if not s.rank]


def _matching(
    stand: Sequence[Standing], ranked: QuerySet[Evaluation], search: str
) -> Sequence[Standing]:
    """Those whose entry or participant has every word of ``search`` in its name."""
    if not search:
        return stand
    for word in search.split():
        ranked = ranked.filter(
            Q(submission__name__icontains=word)
            | Q(submission__participant__username__icontains=word)
            | Q(submission__participant__display_name__icontains=word)
        )
    found = set(ranked.values_list("pk", flat=True))
    return [standing for standing in stand if standing.candidate.evaluation in found]


def _only(
    ranked: QuerySet[Evaluation], shown: Sequence[Standing], *, everything: bool
) -> QuerySet[Evaluation]:
    """The evaluations of the rows shown; a whole board is asked for without naming each."""
    if everything:
        return ranked
    return ranked.filter(pk__in=[standing.candidate.evaluation for standing in shown])


def _rows(shown: Sequence[Standing], wanted: QuerySet[Evaluation]) -> list[BoardRow]:
    facts = {
        pk: fact
        for pk, *fact in wanted.values_list(
            "pk",
            "submission_id",
            "submission__name",
            "submission__participant__display_name",
            "submission__participant__username",
            "submission__created_at",
        ).iterator()
    }
    scores: dict[int, dict[str, Score]] = {pk: {} for pk in facts}
    for score in Score.objects.filter(evaluation__in=wanted).iterator():
        scores[score.evaluation_id][score.metric] = score
    return [
        _row(standing, facts[pk], scores[pk])
        for standing in shown
        if (pk := standing.candidate.evaluation) in facts  # deleted since it was ranked, if not
    ]


def _row(standing: Standing, fact: list[Any], scores: Mapping[str, Score]) -> BoardRow:
    submission, name, display_name, username, handed_in = fact
    return BoardRow(
        rank=standing.rank,
        submission=submission,
        evaluation=standing.candidate.evaluation,
        name=name,
        participant=display_name or username,
        username=username,
        handed_in=handed_in,
        scores=scores,
    )
