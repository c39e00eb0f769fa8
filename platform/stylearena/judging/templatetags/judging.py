"""How the judging panel, and the list of one's submissions, word what they know."""

from typing import Any

from django import template
from django.utils.translation import ngettext

from stylearena.judging import queries

register = template.Library()

_MINUTE = 60
_HOUR = 3600


@register.filter
def told(submission: Any) -> queries.Done | None:
    """The progress of a row of ``submissions.queries.mine`` as its participant may read it."""
    if not submission.pairs_total:
        return None
    return queries.told(
        submission.pairs_done,
        submission.pairs_total,
        stage=submission.stage,
        phase=submission.phase,
    )


@register.filter
def in_words(seconds: float) -> str:
    """A duration as people say it: 12 seconds, 3 minutes, 2 hours; never less than a second."""
    if seconds < 1.5 * _MINUTE:
        number = max(1, round(seconds))
        return ngettext("%(n)d second", "%(n)d seconds", number) % {"n": number}
    if seconds < 1.5 * _HOUR:
        number = round(seconds / _MINUTE)
        return ngettext("%(n)d minute", "%(n)d minutes", number) % {"n": number}
    number = round(seconds / _HOUR)
    return ngettext("%(n)d hour", "%(n)d hours", number) % {"n": number}
