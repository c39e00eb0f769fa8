"""How templates write scores, sizes and durations: as the evaluator's own tables do."""

from django import template

from evaluator import presentation
from evaluator.metrics.catalogue import MetricInfo
from evaluator.report import Score as ReportScore
from stylearena.judging.models import GalleryPicture, Score
from stylearena.leaderboards.pictures import Role, address

register = template.Library()

_MINUTE = 60


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
