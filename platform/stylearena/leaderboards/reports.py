"""The report of an entry as one viewer may read it: whole, or without anything about single pairs.

Bootstrap replicates go with the pairs: they are means over known resamples, so enough of them
give every pair's value back by solving a linear system. So do styles that only one pair has.
"""

from evaluator.report import Report
from stylearena.judging.models import Evaluation

__all__ = ["read_report", "without_pairs"]


def read_report(evaluation: Evaluation, *, pairs: bool) -> Report:
    """The stored report of a scored evaluation; ``pairs=False`` leaves every single pair out."""
    with evaluation.report.open("rb") as file:
        report = Report.model_validate_json(file.read())
    return report if pairs else without_pairs(report)


def without_pairs(report: Report) -> Report:
    """The same report with nothing in it from which the value of a single pair follows."""
    styles = [style for style in report.styles if style.n > 1]
    return report.model_copy(update={"pairs": [], "replicates": {}, "styles": styles})
