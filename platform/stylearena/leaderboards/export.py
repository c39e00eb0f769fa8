"""A board as CSV and as JSON; provenance travels on every row.

Values keep every digit where the viewer may have them (see ``sight``), else those that are printed.

Text that a spreadsheet would run as a formula gets an apostrophe in front of it.
"""

import csv
import io
import uuid
from datetime import datetime

from pydantic import BaseModel

from evaluator.metrics.catalogue import metric_info
from stylearena.leaderboards.provenance import Provenance
from stylearena.leaderboards.queries import Board, BoardRow
from stylearena.leaderboards.rounding import interval_end, published

__all__ = [
    "BoardDocument",
    "MetricDocument",
    "ProvenanceDocument",
    "RowDocument",
    "ScoreDocument",
    "as_csv",
    "as_document",
]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


class MetricDocument(BaseModel):
    name: str
    title: str
    unit: str
    lower_is_better: bool


class ScoreDocument(BaseModel):
    value: float
    low: float | None
    high: float | None
    n: int


class ProvenanceDocument(BaseModel):
    protocol: str
    protocol_digest: str
    notice: str
    dataset: str
    dataset_version: str
    dataset_digest: str
    evaluator_version: str
    weights: dict[str, str]


class RowDocument(BaseModel):
    rank: int | None
    entry: uuid.UUID
    name: str
    participant: str
    submitted_at: datetime
    scores: dict[str, ScoreDocument]


class BoardDocument(BaseModel):
    competition: str
    phase: str
    ranking_metric: str
    provenance: ProvenanceDocument
    metrics: list[MetricDocument]
    total: int
    page: int
    pages: int
    rows: list[RowDocument]


def as_document(board: Board, *, exact: bool) -> BoardDocument:
    """The page of the board as typed data; a metric refused for an entry is absent from its row."""
    return BoardDocument(
        competition=board.phase.competition.slug,
        phase=board.phase.slug,
        ranking_metric=board.ranking_metric.name,
        provenance=_provenance(board.provenance),
        metrics=[
            MetricDocument(
                name=info.name,
                title=info.title,
                unit=info.unit,
                lower_is_better=info.lower_is_better,
            )
            for info in board.columns
        ],
        total=board.total,
        page=board.page,
        pages=board.pages,
        rows=[_row(row, exact=exact) for row in board.rows],
    )


def as_csv(board: Board, *, exact: bool) -> str:
    """One line an entry: rank, names, then value, low and high of each metric, then provenance."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\r\n")
    metrics = [info.name for info in board.columns]
    spread = [f"{name}{part}" for name in metrics for part in ("", "_low", "_high")]
    provenance = _provenance(board.provenance).model_dump(exclude={"weights", "notice"})
    writer.writerow(["rank", "entry", "name", "participant", "submitted_at", *spread, *provenance])
    for row in board.rows:
        writer.writerow(
            [
                row.rank,
                row.submission,
                safe_cell(row.name),
                safe_cell(row.participant),
                row.handed_in.isoformat(),
                *_spread(_scores(row, exact=exact), metrics),
                *map(safe_cell, provenance.values()),
            ]
        )
    return sheet.getvalue()


def safe_cell(text: str) -> str:
    """``text``, or with an apostrophe before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _spread(scores: dict[str, ScoreDocument], metrics: list[str]) -> list[float | None]:
    cells: list[float | None] = []
    for name in metrics:
        score = scores.get(name)
        cells += (score.value, score.low, score.high) if score else (None, None, None)
    return cells


def _provenance(provenance: Provenance) -> ProvenanceDocument:
    return ProvenanceDocument(
        protocol=provenance.protocol,
        protocol_digest=provenance.protocol_digest,
        notice=provenance.notice,
        dataset=provenance.dataset,
        dataset_version=provenance.dataset_version,
        dataset_digest=provenance.dataset_digest,
        evaluator_version=provenance.evaluator_version,
        weights=dict(provenance.weights),
    )


def _scores(row: BoardRow, *, exact: bool) -> dict[str, ScoreDocument]:
    said = {
        name: ScoreDocument(value=s.value, low=s.low, high=s.high, n=s.n)
        for name, s in row.scores.items()
    }
    return said if exact else {name: _rounded(name, score) for name, score in said.items()}


def _rounded(name: str, score: ScoreDocument) -> ScoreDocument:
    metric = metric_info(name)
    return ScoreDocument(
        value=published(score.value, metric),
        low=interval_end(score.low, metric),
        high=interval_end(score.high, metric),
        n=score.n,
    )


def _row(row: BoardRow, *, exact: bool) -> RowDocument:
    return RowDocument(
        rank=row.rank,
        entry=row.submission,
        name=row.name,
        participant=row.participant,
        submitted_at=row.handed_in,
        scores=_scores(row, exact=exact),
    )
