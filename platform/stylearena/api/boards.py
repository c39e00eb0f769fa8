"""The read side of competitions and their boards."""

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Query, Router

from stylearena.api.errors import ApiError
from stylearena.api.schemas import (
    CompetitionOut,
    CompetitionsOut,
    CompetitionSummary,
    ErrorOut,
)
from stylearena.competitions.queries import competition_or_404, phase_or_404, published
from stylearena.leaderboards.export import BoardDocument, as_document
from stylearena.leaderboards.provenance import columns_of
from stylearena.leaderboards.queries import BY_DATE, BY_RANK, board
from stylearena.leaderboards.sight import sight_of_phase

router = Router(tags=["competitions"])

_MOST_PER_PAGE = 200
_LAST_PAGE = 1_000_000
Page = Annotated[int, Query(ge=1, le=_LAST_PAGE, description="Counted from 1.")]
PerPage = Annotated[int, Query(ge=1, le=_MOST_PER_PAGE, description="Rows on a page.")]
Direction = Literal["ascending", "descending"]


@router.get(
    "/competitions",
    response={200: CompetitionsOut, 422: ErrorOut},
    summary="Published competitions, newest first",
)
def list_competitions(
    request: HttpRequest, page: Page = 1, per_page: PerPage = 50
) -> CompetitionsOut:
    found = published()
    total = found.count()
    shown = found[(page - 1) * per_page : page * per_page]
    return CompetitionsOut(
        total=total,
        page=page,
        pages=max(1, -(-total // per_page)),
        competitions=[CompetitionSummary.of(competition) for competition in shown],
    )


@router.get(
    "/competitions/{slug}",
    response={200: CompetitionOut, 404: ErrorOut},
    summary="One competition with its phases",
)
def get_competition(request: HttpRequest, slug: str) -> CompetitionOut:
    return CompetitionOut.of(competition_or_404(slug, request.user))


@router.get(
    "/competitions/{slug}/phases/{phase}/leaderboard",
    response={200: BoardDocument, 403: ErrorOut, 404: ErrorOut, 422: ErrorOut},
    summary="The ranking of a phase",
    description=(
        "Best entry of each participant, with every metric and the provenance that all rows "
        "share. Equal published values share a rank; an entry without a score in the ranking "
        "metric has rank null and stands last. Past the last page there are no rows. Scores of "
        "held-out pairs are rounded."
    ),
)
def get_leaderboard(
    request: HttpRequest,
    slug: str,
    phase: str,
    sort: Annotated[str, Query(description='"rank", "date" or a metric.')] = BY_RANK,
    direction: Annotated[
        Direction | None, Query(description="By default best first, and newest first for dates.")
    ] = None,
    search: Annotated[
        str, Query(max_length=100, description="In entries' and people's names.")
    ] = "",
    page: Page = 1,
    per_page: PerPage = 50,
) -> BoardDocument:
    found = phase_or_404(slug, phase, request.user)
    sight = sight_of_phase(found, request.user)
    if not sight.scores:
        raise ApiError(403, "board.hidden", "The scores of this phase are hidden until it closes.")
    known = [BY_RANK, BY_DATE, *(info.name for info in columns_of(found))]
    if sort not in known:
        raise ApiError(422, "sort.unknown", f"Cannot sort by {sort!r}: use {', '.join(known)}.")
    descending = None if direction is None else direction == "descending"
    shown = board(
        found, sort=sort, descending=descending, search=search, page=page, per_page=per_page
    )
    document = as_document(shown, exact=sight.exact)
    # A board brings a page past its end back to the last; a client that walks pages must stop.
    return (
        document if page <= shown.pages else document.model_copy(update={"page": page, "rows": []})
    )
