"""The report as a notebook shows it: the terminal's table as a fragment of HTML.

Names are a stranger's text: everything goes through jinja2's autoescape.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from evaluator.presentation import refusals, rows

if TYPE_CHECKING:
    from evaluator.report import Report

__all__ = ["render_fragment"]


def render_fragment(report: Report) -> str:
    """A table of the overall scores, notices, refusals and provenance."""
    return _template().render(report=report, rows=rows(report), refusals=refusals(report))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("evaluator"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("notebook.html")
