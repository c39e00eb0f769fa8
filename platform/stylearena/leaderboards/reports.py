"""The report of an entry as one viewer may read it: whole, or without anything about single pairs.

Bootstrap replicates go with the pairs: they are means over known resamples, so enough of them
give every pair's value back by solving a linear system. So do styles that only one pair has, and
the styles beside them, which the pair would be the difference to.
"""

from evaluator.report import Report
from stylearena.judging.models import Evaluation
from stylearena.leaderboards.rounding import rounded
from stylearena.leaderboards.sight import Sight

__all__ = ["read_report", "without_pairs"]


def read_report(evaluation: Evaluation, sight: Sight) -> Report:
    """The stored report of a scored evaluation, as far and as exactly as ``sight`` reaches."""
    with evaluation.report.open("rb") as file:
        report = Report.model_validate_json(file.read())
    report = report if sight.pairs else without_pairs(report)
    return report if sight.exact else rounded(report)


def without_pairs(report: Report) -> Report:
    """The same report with nothing in it from which the value of a single pair follows."""
    styles = report.styles if all(style.n > 1 for style in report.styles) else []
    families = report.families if all(family.n > 1 for family in report.families) else []
    return report.model_copy(
        update={"pairs": [], "replicates": {}, "styles": styles, "families": families}
    )
