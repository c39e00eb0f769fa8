"""Competitions and phases as pages show them: their status, limits in words, what is measured.

Pure but for samples of pictures; no request, no permission, no query of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from evaluator.errors import ParticipantError
from evaluator.metrics.catalogue import MetricInfo, metric_info
from evaluator.protocols import Protocol, protocol
from stylearena.competitions.markdown import to_html
from stylearena.competitions.models import Competition, Dataset, Phase, Sandbox
from stylearena.competitions.pictures import Samples, samples_of

_MINUTE, _HOUR = 60, 3600


class Status(StrEnum):
    """Where a phase, or a competition, stands in time."""

    OPEN = "open"
    UPCOMING = "upcoming"
    CLOSED = "closed"

    @property
    def words(self) -> str:
        return {"open": _("Open"), "upcoming": _("Opens soon"), "closed": _("Closed")}[self]

    @property
    def tone(self) -> str:
        """The badge's modifier."""
        return {"open": "good", "upcoming": "accent", "closed": "quiet"}[self]


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One phase on its competition's page."""

    phase: Phase
    status: Status
    protocol: Protocol | None
    ranking: MetricInfo | None
    metrics: tuple[MetricInfo, ...]
    limits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CompetitionView:
    """A competition as a card or a page; ``date`` is the one that matters most now."""

    competition: Competition
    status: Status
    date: datetime | None
    samples: Samples
    phases: tuple[PhaseView, ...]

    @property
    def open_phases(self) -> tuple[Phase, ...]:
        return tuple(view.phase for view in self.phases if view.status is Status.OPEN)

    @property
    def downloads(self) -> tuple[Dataset, ...]:
        """The public datasets of its phases, each once."""
        found: dict[str, Dataset] = {}
        for view in self.phases:
            for dataset in (view.phase.smoke_dataset, view.phase.dataset):
                if dataset.is_public:
                    found.setdefault(dataset.digest, dataset)
        return tuple(found.values())

    @property
    def description(self) -> str:
        return to_html(self.competition.description)

    @property
    def rules(self) -> str:
        return to_html(self.competition.rules)


def status_of(phase: Phase, now: datetime | None = None) -> Status:
    moment = now or timezone.now()
    if moment < phase.opens_at:
        return Status.UPCOMING
    if phase.closes_at is not None and phase.closes_at <= moment:
        return Status.CLOSED
    return Status.OPEN


def card(competition: Competition) -> CompetitionView:
    """For the list: few pictures."""
    return _view(competition, contents=1, styles=3, pairs=0)


def page(competition: Competition) -> CompetitionView:
    """For its own page: as many pictures as show what the task is."""
    return _view(competition, contents=6, styles=8, pairs=4)


def phase_view(phase: Phase) -> PhaseView:
    """A phase in words; ``protocol`` is None when this version no longer knows it."""
    try:
        known = protocol(phase.protocol)
    except ParticipantError:
        known = None
    metrics = tuple(metric_info(spec.name) for spec in known.metrics) if known else ()
    ranking = next((info for info in metrics if info.name == phase.ranking_metric), None)
    return PhaseView(phase, status_of(phase), known, ranking, metrics, limits_in_words(phase))


def limits_in_words(phase: Phase) -> tuple[tuple[str, str], ...]:
    """(what, how much) of everything that bounds an entry and its author."""
    return (
        (_("Submissions"), submissions_in_words(phase)),
        (_("Archive"), _("at most %s") % bytes_in_words(phase.archive_bytes)),
        (_("Unpacked"), _("at most %s") % bytes_in_words(phase.unpacked_bytes)),
        (_("Memory"), bytes_in_words(phase.memory_bytes)),
        (_("Scratch space"), bytes_in_words(phase.scratch_bytes)),
        (_("Processes"), str(phase.processes)),
        (_("Time for one pair"), duration_in_words(phase.pair_seconds)),
        (_("Time in all"), duration_in_words(phase.wall_seconds)),
        (_("Sandbox"), sandbox_in_words(phase)),
    )


def sandbox_in_words(phase: Phase) -> str:
    """The sandbox that the phase demands."""
    if not phase.sandbox:
        return _("the best of the worker")
    return _("at least: %s") % Sandbox(phase.sandbox).label


def submissions_in_words(phase: Phase) -> str:
    parts = [
        ngettext("%d a day", "%d a day", phase.per_day) % phase.per_day,
        ngettext("%d at once", "%d at once", phase.at_once) % phase.at_once,
    ]
    if phase.in_total is not None:
        parts.append(ngettext("%d in total", "%d in total", phase.in_total) % phase.in_total)
    return ", ".join(parts)


def bytes_in_words(size: int) -> str:
    """A limit in binary units: 200 MiB, 1.5 GiB."""
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >= 1 << power:
            return f"{round(size / (1 << power), 1):g} {unit}"
    return ngettext("%d byte", "%d bytes", size) % size


def duration_in_words(seconds: float) -> str:
    """A limit as people say it: 0.5 seconds, 30 seconds, 30 minutes, 1.5 hours."""
    if seconds < 2 * _MINUTE:
        return ngettext("%s second", "%s seconds", round(seconds)) % f"{seconds:g}"
    if seconds < 2 * _HOUR:
        return _("%s minutes") % f"{round(seconds / _MINUTE, 1):g}"
    return _("%s hours") % f"{round(seconds / _HOUR, 1):g}"


def _view(competition: Competition, *, contents: int, styles: int, pairs: int) -> CompetitionView:
    phases = tuple(phase_view(phase) for phase in competition.phases.all())
    status, date = _standing(phases)
    return CompetitionView(
        competition=competition,
        status=status,
        date=date,
        samples=_first_samples(phases, contents=contents, styles=styles, pairs=pairs),
        phases=phases,
    )


def _first_samples(
    phases: Iterable[PhaseView], *, contents: int, styles: int, pairs: int
) -> Samples:
    for view in phases:
        samples = samples_of(
            view.phase.smoke_dataset, contents=contents, styles=styles, pairs=pairs
        )
        if samples:
            return samples
    return Samples()


def _standing(phases: Iterable[PhaseView]) -> tuple[Status, datetime | None]:
    """Open while one phase is: its latest end. Else the next beginning, else the last end."""
    by_status: dict[Status, list[Phase]] = {status: [] for status in Status}
    for view in phases:
        by_status[view.status].append(view.phase)
    if by_status[Status.OPEN]:
        ends = [phase.closes_at for phase in by_status[Status.OPEN]]
        known = [end for end in ends if end is not None]
        return Status.OPEN, max(known) if len(known) == len(ends) else None
    if by_status[Status.UPCOMING]:
        return Status.UPCOMING, min(phase.opens_at for phase in by_status[Status.UPCOMING])
    if not by_status[Status.CLOSED]:
        return Status.UPCOMING, None  # a draft that has no phase yet
    ended = [phase.closes_at for phase in by_status[Status.CLOSED] if phase.closes_at]
    return Status.CLOSED, max(ended, default=None)
