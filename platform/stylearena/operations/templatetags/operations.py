"""Template filters of the operators' page."""

from django import template

from stylearena.operations.spans import in_words

register = template.Library()


@register.filter
def span(seconds: float) -> str:
    """Seconds in words."""
    return in_words(seconds)
