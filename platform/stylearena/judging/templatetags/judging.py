"""How the judging panel words what it knows."""

from django import template
from django.utils.translation import ngettext

register = template.Library()

_MINUTE = 60
_HOUR = 3600


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
