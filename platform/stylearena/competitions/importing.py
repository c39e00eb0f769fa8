"""Bringing a competition's folder into the database: all of it or nothing, any number of times.

What a phase has frozen is never changed by an import: a folder that differs is refused.
"""

from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from evaluator import datasets as evaluator_datasets
from evaluator.errors import OrganiserError
from evaluator.protocols import Protocol
from stylearena.accounts.models import User
from stylearena.competitions import bundles, datasets, freezing
from stylearena.competitions.bundles import Bundle, PhaseDescription
from stylearena.competitions.measuring import require_measurable, require_readable
from stylearena.competitions.models import Competition, Dataset, Phase
from stylearena.competitions.publicity import require_showable

__all__ = ["import_competition"]


def import_competition(folder: Path, organiser: User) -> Competition:
    """Create the folder's competition, or bring the one with its slug up to date.

    Raises OrganiserError, one sentence, and changes nothing if anything is wrong.
    """
    bundle = bundles.read_bundle(folder)
    with transaction.atomic():
        competition = _competition(bundle, organiser)
        for order, described in enumerate(bundle.said.phases):
            _import_phase(folder, competition, described, order)
        _refuse_missing(bundle, competition)
    return competition


def _competition(bundle: Bundle, organiser: User) -> Competition:
    said = bundle.said
    texts = {
        "title": said.title,
        "tagline": said.tagline,
        "description": bundle.description,
        "rules": bundle.rules,
    }
    competition, created = Competition.objects.get_or_create(
        slug=said.slug, defaults={**texts, "organiser": organiser}
    )
    if created:
        return competition
    if competition.organiser_id != organiser.pk and not organiser.is_superuser:
        raise OrganiserError(
            "competition.slug_taken",
            f"The competition {said.slug!r} belongs to {competition.organiser}; choose another "
            "slug, or import it as its organiser.",
        )
    for name, text in texts.items():
        setattr(competition, name, text)
    competition.save()
    return competition


def _import_phase(
    folder: Path, competition: Competition, described: PhaseDescription, order: int
) -> None:
    values = _phase_values(folder, described)
    phase = competition.phases.filter(slug=described.slug).first()
    _require_an_end_after_the_start(described, phase)
    if phase is None:
        competition.phases.create(slug=described.slug, order=order, **values)
        return
    changed = [name for name, value in values.items() if getattr(phase, name) != value]
    fixed = [name for name in changed if name in freezing.FROZEN_FIELDS]
    if fixed and freezing.is_frozen(phase):
        raise OrganiserError(
            "phase.frozen",
            f"Phase {phase.slug!r} has opened, so its {fixed[0]} can no longer change; restore "
            "it in the folder, or add a new phase.",
        )
    Phase.objects.filter(pk=phase.pk).update(order=order, **values)


def _require_an_end_after_the_start(described: PhaseDescription, phase: Phase | None) -> None:
    """A phase without ``opens_at`` opens when it is first imported: its end must lie after that."""
    opens_at = described.opens_at or (phase.opens_at if phase else timezone.now())
    if described.closes_at is not None and described.closes_at <= opens_at:
        raise OrganiserError(
            "competition.description",
            f"{bundles.DESCRIPTION_FILE} closes the phase {described.slug!r} before it opens "
            f"({opens_at:%Y-%m-%d %H:%M} UTC); correct the dates.",
        )


def _phase_values(folder: Path, described: PhaseDescription) -> dict[str, Any]:
    dataset = bundles.dataset_at(folder, described.dataset)
    protocol = require_measurable(
        described.protocol,
        described.ranking_metric,
        pairs=len(dataset.pairs),
        references=len(dataset.reference),
    )
    smoke = bundles.dataset_at(folder, described.smoke_dataset)
    known = _known(dataset, protocol, is_public=described.public)
    values: dict[str, Any] = {
        "title": described.title,
        "dataset": known,
        "smoke_dataset": _known(smoke, protocol, is_public=True),
        "protocol": protocol.name,
        "protocol_digest": protocol.digest(),
        "ranking_metric": described.ranking_metric,
        "visibility": described.visibility,
        "closes_at": described.closes_at,
        **described.limits.model_dump(exclude_none=True),
    }
    # The smoke run may just have made the same pictures public.
    require_showable(Dataset.objects.get(pk=known.pk), described.visibility)
    if described.opens_at is not None:  # else: when it is first imported
        values["opens_at"] = described.opens_at
    return values


def _known(dataset: evaluator_datasets.Dataset, protocol: Protocol, *, is_public: bool) -> Dataset:
    """The dataset's row; its pictures are decoded once, when they are first seen."""
    if not Dataset.objects.filter(digest=dataset.digest).exists():
        require_readable(dataset, protocol)
    return datasets.register_dataset(dataset, dataset.root, is_public=is_public)


def _refuse_missing(bundle: Bundle, competition: Competition) -> None:
    """A phase is never removed by leaving it out: it may hold submissions."""
    known = {phase.slug for phase in bundle.said.phases}
    for phase in competition.phases.exclude(slug__in=known):
        raise OrganiserError(
            "competition.phase_missing",
            f"The folder no longer describes the phase {phase.slug!r}; put it back, or remove the "
            "phase in the admin first.",
        )
