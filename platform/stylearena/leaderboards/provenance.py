"""Under what a phase's scores were made, and which evaluations share it and may be ranked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, QuerySet

from evaluator.metrics.catalogue import METRICS, MetricInfo
from evaluator.protocols import protocol
from evaluator.version import __version__
from stylearena.competitions.models import Phase
from stylearena.judging.models import Evaluation, Stage
from stylearena.submissions.models import Standing, State

__all__ = ["Provenance", "columns_of", "current_provenance", "ranked_evaluations"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a board's scores have in common; ``awaiting`` promoted entries differ from it."""

    protocol: str
    protocol_digest: str
    dataset: str
    dataset_version: str
    dataset_digest: str
    evaluator_version: str
    notice: str
    weights: Mapping[str, str]
    interval_percent: int
    awaiting: int = 0


def current_provenance(phase: Phase) -> Provenance:
    """The phase's dataset and protocol, with the evaluator version most of its entries have.

    The version turns over with the bulk of a phase, so that a new evaluator release empties no
    board and a re-scored phase moves as one.
    """
    counts = (
        _promoted(phase)
        .values_list("evaluator_version", "dataset_id", "protocol_digest")
        .annotate(entries=Count("pk"), newest=Max("finished_at"))
        .order_by("-entries", "-newest")
    )
    groups = [(version, (d, p), n) for version, d, p, n, _ in counts]
    here = (phase.dataset_id, phase.protocol_digest)
    version = next((version for version, key, _ in groups if key == here), __version__)
    awaiting = sum(n for group_version, key, n in groups if (group_version, key) != (version, here))
    terms = protocol(phase.protocol)
    return Provenance(
        protocol=phase.protocol,
        protocol_digest=phase.protocol_digest,
        dataset=phase.dataset.name,
        dataset_version=phase.dataset.version,
        dataset_digest=phase.dataset.digest,
        evaluator_version=version,
        notice=terms.notice,
        weights=terms.weights,
        interval_percent=round(terms.bootstrap.level * 100),
        awaiting=awaiting,
    )


def ranked_evaluations(phase: Phase, provenance: Provenance) -> QuerySet[Evaluation]:
    """The promoted evaluations of the phase with exactly this provenance."""
    return _promoted(phase).filter(
        dataset_id=phase.dataset_id,
        protocol_digest=provenance.protocol_digest,
        evaluator_version=provenance.evaluator_version,
    )


def columns_of(phase: Phase) -> Sequence[MetricInfo]:
    """The metrics of the phase's protocol in display order, the ranking metric first."""
    names = {spec.name for spec in protocol(phase.protocol).metrics}
    columns = [info for name, info in METRICS.items() if name in names]
    return sorted(columns, key=lambda info: info.name != phase.ranking_metric)


def _promoted(phase: Phase) -> QuerySet[Evaluation]:
    return Evaluation.objects.filter(
        submission__phase=phase,
        submission__state=State.SCORED,
        submission__standing=Standing.RANKED,
        stage=Stage.FULL,
        state=State.SCORED,
        is_promoted=True,
    ).order_by()
