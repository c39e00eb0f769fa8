"""Under what a phase's scores were made, and which evaluations share it and may be ranked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast

from django.core.cache import caches
from django.db.models import Count, F, Max, QuerySet, Sum

from evaluator.metrics.catalogue import METRICS, MetricInfo
from evaluator.protocols import protocol
from evaluator.version import __version__
from stylearena.competitions.models import Phase
from stylearena.judging.models import Evaluation, Stage
from stylearena.submissions.models import Standing, State

__all__ = ["BOARDS", "Mark", "Provenance", "columns_of", "current_provenance", "ranked_evaluations"]

_PRIME = 65_521  # so that two sets with the same sum of ids differ in the second one
BOARDS = "boards"
"""The cache, of each process, of what is computed of a board's version."""


class Mark(NamedTuple):
    """Tells one set of ranked entries from any other that a phase may have had."""

    entries: int
    newest: datetime | None
    ids: int | None
    mixed: int | None


NOTHING = Mark(0, None, None, None)


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
    mark: Mark = NOTHING


def current_provenance(phase: Phase) -> Provenance:
    """The phase's dataset and protocol, with the evaluator version most of its entries have.

    The version turns over with the bulk of a phase, so that a new evaluator release empties no
    board and a re-scored phase moves as one. Remembered while the board's version is the same, and
    not for long: what changed past our services is seen soon.
    """
    terms = (phase.dataset_id, phase.protocol, phase.protocol_digest)
    key = ":".join(map(str, ("provenance", phase.pk, phase.board_version, *terms)))
    return cast("Provenance", caches[BOARDS].get_or_set(key, lambda: _provenance(phase)))


def _provenance(phase: Phase) -> Provenance:
    here = (phase.dataset_id, phase.protocol_digest)
    groups = _groups(phase)
    version = next((g.evaluator_version for g in groups if g.terms == here), __version__)
    ranked = next((g for g in groups if (g.evaluator_version, g.terms) == (version, here)), None)
    awaiting = sum(group.mark.entries for group in groups if group is not ranked)
    terms = protocol(phase.protocol)
    return Provenance(
        protocol=phase.protocol,
        protocol_digest=phase.protocol_digest,
        dataset=phase.dataset.name,
        dataset_version=phase.dataset.version,
        dataset_digest=phase.dataset.digest,
        evaluator_version=version,
        notice=terms.notice,
        weights=dict(terms.weights),
        interval_percent=round(terms.bootstrap.level * 100),
        awaiting=awaiting,
        mark=ranked.mark if ranked else NOTHING,
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """Promoted entries of the same provenance: dataset and protocol are their ``terms``."""

    evaluator_version: str
    terms: tuple[int, str]
    mark: Mark


def _groups(phase: Phase) -> list[_Group]:
    """The largest first; one query over every entry, so it is the only one."""
    pk = F("pk")
    rows = (
        _promoted(phase)
        .values_list("evaluator_version", "dataset_id", "protocol_digest")
        .annotate(
            entries=Count("pk"),
            newest=Max("finished_at"),
            ids=Sum("pk"),
            mixed=Sum(pk * (pk % _PRIME)),
        )
        .order_by("-entries", "-newest")
    )
    return [
        _Group(version, (dataset, digest), Mark(entries, newest, ids, mixed))
        for version, dataset, digest, entries, newest, ids, mixed in rows
    ]


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
