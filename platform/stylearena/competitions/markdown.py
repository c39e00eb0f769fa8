"""Organisers' Markdown, made safe: whatever they paste, no script, style or frame comes out."""

from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import TocExtension

# nh3's own choice of harmless tags, save for the heading that belongs to the page.
_TAGS = nh3.ALLOWED_TAGS - {"h1"}


@lru_cache(maxsize=256)
def to_html(text: str) -> SafeString:
    """HTML of the text; its headings start at h2, since the page has its own h1."""
    contents = TocExtension(baselevel=2)
    extensions: list[str | Extension] = ["tables", "fenced_code", "sane_lists", "abbr", contents]
    html = Markdown(extensions=extensions, output_format="html").convert(text)
    clean = nh3.clean(
        html,
        tags=_TAGS,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)  # noqa: S308  (nh3 has just sanitised it)
