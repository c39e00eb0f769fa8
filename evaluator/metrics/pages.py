"""The page of each metric: its catalogue entry, its facts and the docstring of its own module.

The command ``stylearena metrics NAME`` prints it, and ``evaluator/docs/metrics`` holds it: one
source for both. Modules are read as text, never imported, so that torch stays out.
"""

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluator.metrics.catalogue import METRICS, MetricInfo, metric_info
from evaluator.metrics.facts import FACTS, Facts
from evaluator.protocols import protocol, protocol_names
from evaluator.set_specs import FROM_BOTH_SIDES
from evaluator.specs import MetricSpec

__all__ = [
    "MetricPage",
    "direction",
    "markdown_pages",
    "metric_page",
    "needed_pairs",
    "scope",
]

ROOT = Path(__file__).parents[1]

SCOPES = {
    "pair": "each pair; overall the mean over pairs",
    "set": "the whole set of outputs",
    "run": "the run, for information",
}


@dataclass(frozen=True, slots=True)
class MetricPage:
    """All that is to be said of one metric."""

    info: MetricInfo
    facts: Facts
    definition: str

    def to_markdown(self) -> str:
        """The page of the documentation."""
        rows = [
            ("Name", f"`{self.info.name}`"),
            ("Better", direction(self.info)),
            ("Range", str(self.facts.range)),
            ("Unit", self.info.unit or "none"),
            ("Measured on", scope(self.info)),
            ("Under", needed_pairs(self.info.name)),
            ("Reference", self.facts.reference),
            ("Computed in", f"`evaluator/{self.facts.module.replace('.', '/')}.py`"),
        ]
        table = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows if value)]
        pitfalls = [f"- {pitfall}" for pitfall in self.facts.pitfalls]
        parts = [
            f"# {self.info.title} ({self.info.short})",
            self.info.description,
            "\n".join(table),
            "## Definition",
            self.definition,
            "## Pitfalls",
            "\n".join(pitfalls),
            "[All metrics](README.md)",
        ]
        return "\n\n".join(parts) + "\n"


def metric_page(name: str) -> MetricPage:
    """The page of that metric; ParticipantError ``metric.unknown`` names those there are."""
    info = metric_info(name)
    facts = FACTS[name]
    return MetricPage(info, facts, _docstring(facts.module))


def direction(info: MetricInfo) -> str:
    return "lower" if info.lower_is_better else "higher"


def scope(info: MetricInfo) -> str:
    """What one value is measured on, in words."""
    return SCOPES[info.scope]


def needed_pairs(name: str) -> str:
    """The protocols that hold a metric and from how many pairs on they print it, in words."""
    found: dict[str, list[str]] = {}
    for known in map(protocol, protocol_names()):
        for spec in known.metrics:
            if spec.name == name:
                found.setdefault(_needed(spec), []).append(f"`{known.name}`")
    return "; ".join(", ".join(names) + needed for needed, names in found.items())


def _needed(spec: MetricSpec) -> str:
    if spec.minimum <= 1:
        return ""
    what = "pairs and references" if spec.name in FROM_BOTH_SIDES else "pairs"
    return f" from {spec.minimum:,} {what} on"


def markdown_pages() -> Mapping[str, str]:
    """File name → content of the documentation of all metrics, ``README.md`` among them."""
    pages = {f"{name}.md": metric_page(name).to_markdown() for name in METRICS}
    return {"README.md": _index()} | pages


def _index() -> str:
    head = [
        "# Metrics",
        "",
        "Made from the catalogue and the modules by `stylearena metrics --write evaluator/docs/"
        "metrics`; do not edit by hand.",
        "",
        "| Metric | Name | Better | Range | Measured on | Reference |",
        "|---|---|---|---|---|---|",
    ]
    rows = [
        f"| [{info.title}]({name}.md) | `{name}` | {direction(info)} | {FACTS[name].range} | "
        f"{info.scope} | {FACTS[name].reference} |"
        for name, info in METRICS.items()
    ]
    return "\n".join([*head, *rows]) + "\n"


def _docstring(module: str) -> str:
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    found = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return inspect.cleandoc(found).replace("``", "`")
