"""The closed sets of words that some addresses are made of."""

from django.urls.converters import StringConverter


class RoleConverter(StringConverter):
    """Which of a pair's three pictures."""

    regex = "content|style|output"


class SuffixConverter(StringConverter):
    """How the address ends; the bytes are of the kind the response's content type says."""

    regex = "png|jpeg"


class RescoreActConverter(StringConverter):
    """What an organiser does with a re-score."""

    regex = "promote|drop|retry"
