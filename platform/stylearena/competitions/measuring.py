"""Whether a phase's protocol can rank its dataset: asked before anybody hands anything in."""

from evaluator.datasets import Dataset, check_pictures
from evaluator.errors import OrganiserError, ParticipantError
from evaluator.protocols import Protocol, protocol
from evaluator.set_measures import set_measure

__all__ = ["require_measurable", "require_readable"]


def require_measurable(
    name: str, ranking_metric: str, *, pairs: int, references: int | None
) -> Protocol:
    """The protocol ``name`` if it measures ``ranking_metric`` on that many pictures.

    ``references`` is None where nobody knows it. Raises OrganiserError ``phase.protocol``,
    ``phase.metric``, ``phase.too_few_pairs`` or ``phase.too_few_references``.
    """
    try:
        found = protocol(name)
    except ParticipantError as error:  # its sentence lists the names that exist
        raise OrganiserError("phase.protocol", str(error)) from error
    minima = {metric.name: metric.minimum for metric in found.metrics}
    if ranking_metric not in minima:
        raise OrganiserError(
            "phase.metric",
            f"The protocol {name} does not measure {ranking_metric!r}; rank by one of "
            f"{', '.join(minima)}.",
        )
    if pairs < minima[ranking_metric]:
        raise OrganiserError(
            "phase.too_few_pairs",
            f"The metric {ranking_metric!r} needs {minima[ranking_metric]} pairs, but the dataset "
            f"has {pairs}; rank by another metric or add pictures.",
        )
    measure = set_measure(found.metric(ranking_metric))
    if measure and references is not None and references < measure.references:
        raise OrganiserError(
            "phase.too_few_references",
            f"The metric {ranking_metric!r} needs {measure.references} style references, but the "
            f"dataset has {references}; rank by another metric or add pictures.",
        )
    return found


def require_readable(dataset: Dataset, found: Protocol) -> None:
    """Decode every picture once; OrganiserError ``picture.*`` for the first that cannot be used."""
    for pictures in (dataset.content, dataset.style, dataset.reference):
        check_pictures(pictures, found.pictures, root=dataset.root)
