"""A board as it is drawn: its podium and table, kept while what stands on it is the same.

Thousands of visitors look at a board between two entries that change it. What is kept depends on
the board's version, the address and the language, and on nothing else about the visitor than
whether sample pictures are shown; it is drawn anew after some seconds, for what changes past the
version, such as the names of people.
"""

import hashlib

from django.core.cache import caches
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from stylearena.competitions.models import Phase
from stylearena.leaderboards import queries
from stylearena.leaderboards.asked import asked_board
from stylearena.leaderboards.presentation import board_view
from stylearena.leaderboards.provenance import BOARDS

__all__ = ["drawn"]


def drawn(request: HttpRequest, phase: Phase, *, pictures: bool, part: bool) -> SafeString:
    """The HTML of the page that ``request`` asks for; ``part``: the table alone, for htmx."""
    key = _key(request, phase, pictures=pictures, part=part)
    html = caches[BOARDS].get_or_set(key, lambda: _draw(request, phase, pictures, part))
    return mark_safe(str(html))  # noqa: S308 - our own template's, escaped when it was drawn


def _draw(request: HttpRequest, phase: Phase, pictures: bool, part: bool) -> str:
    board = asked_board(request, phase, per_page=queries.PER_PAGE)
    samples = queries.samples(board) if pictures else {}
    context = {"phase": phase, "board": board, "view": board_view(board, samples=samples)}
    template = "leaderboards/_table.html" if part else "leaderboards/_ranking.html"
    return render_to_string(template, context, request)


def _key(request: HttpRequest, phase: Phase, *, pictures: bool, part: bool) -> str:
    facts = (
        phase.board_version,
        phase.ranking_metric,
        phase.title,
        request.get_full_path(),
        get_language(),
        pictures,
        part,
    )
    return f"drawn:{hashlib.sha256(repr(facts).encode()).hexdigest()}"
