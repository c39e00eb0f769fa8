"""How templates write scores, sizes and durations: as the evaluator's own tables do."""

from collections.abc import Iterator, Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from evaluator import presentation
from evaluator.metrics.catalogue import MetricInfo
from evaluator.report import Score as ReportScore
from stylearena.judging.models import GalleryPicture, Score
from stylearena.leaderboards.pictures import Role, address
from stylearena.leaderboards.presentation import Cell

register = template.Library()

_MINUTE = 60
_NO_SCORE = '<span class="soft" aria-hidden="true">–</span><span class="visually-hidden">{}</span>'
_SCORE = '<span class="board__value">{}</span>'
_SCORE_AND_RANGE = f'{_SCORE}<span class="board__range">{{}}</span>'


@register.filter
def score(value: float | None, metric: MetricInfo) -> str:
    """A value as it is published."""
    return "" if value is None else presentation.number(value, metric.digits)


@register.filter
def interval(of: Score | ReportScore, metric: MetricInfo) -> str:
    """Low and high end with a digit less than the value, or nothing where there is no interval."""
    if of.low is None or of.high is None:
        return ""
    digits = max(metric.digits - 1, 1)
    low, high = (presentation.number(end, digits) for end in (of.low, of.high))
    return f"{low} – {high}"


@register.simple_tag
def score_cells(cells: Sequence[Cell]) -> SafeString:
    """The cells of a row, the ranking metric's first. A page has a thousand: no template each."""
    return format_html_join("", '<td class="numeric{}">{}</td>', _cells(cells))


def _cells(cells: Sequence[Cell]) -> Iterator[tuple[str, SafeString]]:
    nothing = format_html(_NO_SCORE, _("no score"))
    for index, cell in enumerate(cells):
        kind = "" if index else " board__main"
        if cell.score is None:
            yield kind, nothing
            continue
        value, ends = score(cell.score.value, cell.metric), interval(cell.score, cell.metric)
        yield kind, format_html(_SCORE_AND_RANGE if ends else _SCORE, value, ends)


@register.filter
def arrow(metric: MetricInfo) -> str:
    return presentation.arrow(metric)


@register.filter
def seconds(value: float | None) -> str:
    """A duration in the unit it is read in: 8.3 ms, 1.42 s, 3 min 05 s."""
    if value is None:
        return "–"
    if value < 1:
        return f"{value * 1000:.3g} ms"
    if value < _MINUTE:
        return f"{value:.3g} s"
    return f"{int(value // _MINUTE)} min {int(value % _MINUTE):02d} s"


@register.filter
def picture(kept: GalleryPicture, role: Role) -> str:
    """The address of one of a pair's three pictures."""
    return address(kept, role)


@register.filter
def web_address(text: str) -> str:
    """``text`` if it is safe to link to, else nothing: entries name their own addresses."""
    return text if text.startswith(("https://", "http://")) and " " not in text else ""
