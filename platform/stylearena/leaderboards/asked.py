"""What page of a board an address asks for."""

from django.http import HttpRequest

from stylearena.competitions.models import Phase
from stylearena.leaderboards import queries

__all__ = ["asked_board", "page_number"]

_SEARCH_LENGTH = 100


def asked_board(request: HttpRequest, phase: Phase, *, per_page: int | None) -> queries.Board:
    direction = {"ascending": False, "descending": True}.get(request.GET.get("direction", ""))
    return queries.board(
        phase,
        sort=request.GET.get("sort"),
        descending=direction,
        search=request.GET.get("q", "")[:_SEARCH_LENGTH],
        page=page_number(request),
        per_page=per_page,
    )


def page_number(request: HttpRequest) -> int:
    """The page asked for; anything that is no page number means the first."""
    text = request.GET.get("page", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 1
