"""Boards and entries made ready for templates: headers, cells, pages.

Nothing here asks the database, or decides who may see what.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from evaluator.metrics.catalogue import METRICS, MetricInfo
from evaluator.report import Report
from evaluator.report import Score as ReportScore
from stylearena.judging.models import GalleryPicture, Score
from stylearena.leaderboards.queries import BY_DATE, BY_RANK, Board, BoardRow

__all__ = ["BoardView", "GalleryPage", "board_view", "mixed", "overall", "refusals"]

GALLERY_PER_PAGE = 12
_PODIUM = 3


@dataclass(frozen=True, slots=True)
class Header:
    """A column's head: what a click on it sorts by, and how the table is sorted now."""

    key: str
    metric: MetricInfo | None
    aria_sort: str
    next_direction: str


@dataclass(frozen=True, slots=True)
class Cell:
    metric: MetricInfo
    score: Score | None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the board with its cells in column order and a sample picture, if there is one."""

    row: BoardRow
    cells: Sequence[Cell]
    sample: GalleryPicture | None


@dataclass(frozen=True, slots=True)
class BoardView:
    board: Board
    rank_header: Header
    date_header: Header
    headers: Sequence[Header]
    lines: Sequence[Line]
    podium: Sequence[Line]

    @property
    def previous_page(self) -> int:
        return self.board.page - 1

    @property
    def next_page(self) -> int:
        return self.board.page + 1


@dataclass(frozen=True, slots=True)
class GalleryPage:
    """One page of an entry's pictures, all styles mixed or one of them."""

    pictures: Sequence[GalleryPicture]
    styles: Sequence[GalleryPicture]
    style: str
    number: int
    pages: int
    total: int

    @property
    def previous_page(self) -> int:
        return self.number - 1

    @property
    def next_page(self) -> int:
        return self.number + 1

    @classmethod
    def of(cls, kept: Sequence[GalleryPicture], *, style: str = "", number: int = 1) -> Self:
        """The pictures of ``style``, of all where it is unknown; ``number`` is put in range."""
        first = {picture.style: picture for picture in reversed(kept)}
        style = style if style in first else ""
        chosen = [p for p in kept if p.style == style] if style else mixed(kept)
        pages = max(1, -(-len(chosen) // GALLERY_PER_PAGE))
        number = min(max(number, 1), pages)
        shown = chosen[(number - 1) * GALLERY_PER_PAGE : number * GALLERY_PER_PAGE]
        styles = [first[name] for name in sorted(first)]
        return cls(shown, styles, style, number, pages, len(chosen))


def board_view(board: Board, *, samples: Mapping[int, GalleryPicture]) -> BoardView:
    """The board for its template; the podium is shown on its first, unfiltered, ranked page."""
    lines = [
        Line(
            row,
            [Cell(c, row.scores.get(c.name)) for c in board.columns],
            samples.get(row.evaluation),
        )
        for row in board.rows
    ]
    is_front = board.page == 1 and board.sort == BY_RANK and not (board.descending or board.search)
    podium = [line for line in lines[:_PODIUM] if line.sample] if is_front else []
    return BoardView(
        board=board,
        rank_header=_header(board, BY_RANK, None, descending_first=False),
        date_header=_header(board, BY_DATE, None, descending_first=True),
        headers=[
            _header(board, info.name, info, descending_first=not info.lower_is_better)
            for info in board.columns
        ],
        lines=lines,
        podium=podium if len(podium) == _PODIUM else [],
    )


def overall(report: Report) -> list[tuple[MetricInfo, ReportScore]]:
    """The overall scores in display order."""
    return [
        (info, report.overall[name]) for name, info in METRICS.items() if name in report.overall
    ]


def refusals(report: Report) -> list[tuple[MetricInfo, str]]:
    """The metrics that the dataset is too small for, each with the reason."""
    return [
        (info, report.refused[name]) for name, info in METRICS.items() if name in report.refused
    ]


def mixed(kept: Sequence[GalleryPicture]) -> list[GalleryPicture]:
    """The pictures in diagonals, so that neighbours differ in content and in style."""
    contents = {name: i for i, name in enumerate(sorted({p.content for p in kept}))}
    styles = {name: i for i, name in enumerate(sorted({p.style for p in kept}))}

    def place(picture: GalleryPicture) -> tuple[int, int]:
        column = contents[picture.content]
        return (styles[picture.style] - column) % len(styles), column

    return sorted(kept, key=place)


def _header(board: Board, key: str, metric: MetricInfo | None, *, descending_first: bool) -> Header:
    current = board.sort == key
    descending = not board.descending if current else descending_first
    now = "descending" if board.descending else "ascending"
    return Header(
        key=key,
        metric=metric,
        aria_sort=now if current else "",
        next_direction="descending" if descending else "ascending",
    )
