"""Re-scoring a phase: all entries judged anew in the background, then promoted or dropped.

Nothing is overwritten: a re-score makes evaluations of its own, at the lowest priority, and the
board does not move until it is promoted, which exchanges all of them in one transaction.
"""

from collections import Counter
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from evaluator.errors import OrganiserError
from evaluator.version import __version__ as evaluator_version
from stylearena.accounts.models import User
from stylearena.competitions import audit
from stylearena.competitions.models import Dataset, Phase
from stylearena.competitions.permissions import organises
from stylearena.competitions.services import (
    board_changed,
    hold_board,
    require_measurable,
    require_showable,
)
from stylearena.judging.models import Evaluation, Lane, Rescore, RescoreState, Stage
from stylearena.judging.services import leftovers, stages, verdicts
from stylearena.submissions.models import ACTIVE_STATES, Standing, State, Submission

__all__ = [
    "RescoreProgress",
    "cover",
    "cover_all",
    "drop",
    "end_dropped",
    "in_force",
    "progress_of",
    "promote",
    "retry",
    "start",
    "takes_entries",
]

_DROPPED_CODE = "rescore.dropped"
# How many entries of a re-score one request or sweep queues or ends: nobody is to wait for them.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class RescoreProgress:
    """How many entries of a re-score are scored, under way, failed, or ended by a fault of ours.

    Under way are those too that the sweeper has yet to queue.
    """

    scored: int
    active: int
    failed: int
    errors: int

    @property
    def total(self) -> int:
        return self.scored + self.active + self.failed + self.errors


def start(phase: Phase, *, dataset: Dataset, protocol: str, by: User, note: str = "") -> Rescore:
    """Begin to judge every scored entry of ``phase`` anew, with the evaluator of this version.

    The first are queued at once, the rest by the sweeper.
    Raises PermissionDenied unless ``by`` organises it, and OrganiserError ``rescore.open``,
    ``rescore.nothing_new``, ``rescore.no_entries`` or ``phase.*``.
    """
    _require_organiser(phase, by)
    terms = require_measurable(
        protocol,
        phase.ranking_metric,
        pairs=dataset.pairs,
        references=dataset.reference_pictures,
    )
    require_showable(dataset, phase.visibility)
    _require_new(phase, dataset, terms.digest())
    try:
        with transaction.atomic():
            rescore = Rescore.objects.create(
                phase=phase,
                dataset=dataset,
                protocol=protocol,
                protocol_digest=terms.digest(),
                evaluator_version=evaluator_version,
                started_by=by,
                note=note.strip(),
            )
            cover(rescore)
            _log(rescore, by, "rescore.started", note)
    except IntegrityError as error:  # one_open_rescore
        raise OrganiserError(
            "rescore.open", "This phase is being re-scored already; promote or drop that first."
        ) from error
    return rescore


def in_force() -> Q:
    """Re-scores that phases have their terms from: the last one promoted of each.

    Only one is open at a time, so the later one has the larger key.
    """
    later = Rescore.objects.filter(
        phase=OuterRef("phase"), state=RescoreState.PROMOTED, pk__gt=OuterRef("pk")
    )
    return Q(
        ~Exists(later),
        state=RescoreState.PROMOTED,
        dataset=F("phase__dataset"),
        protocol_digest=F("phase__protocol_digest"),
    )


def takes_entries(rescore: Rescore) -> bool:
    """Whether entries may still be judged under it: it is open, or in force and has stragglers."""
    return Rescore.objects.filter(_taking(), pk=rescore.pk).exists()


def cover(rescore: Rescore) -> int:
    """Queue the next entries that the re-score does not have yet; returns how many there were.

    There are none for one that was dropped, or replaced by a later one, since it was read.
    """
    now = _with_terms(Rescore.objects.filter(_taking(), pk=rescore.pk)).first()
    return _cover(now) if now else 0


def cover_all() -> int:
    """Of every re-score that takes entries; the sweeper calls this."""
    return sum(_cover(rescore) for rescore in _with_terms(Rescore.objects.filter(_taking())))


def progress_of(rescore: Rescore) -> RescoreProgress:
    counted = Counter(rescore.evaluations.values_list("state", flat=True))
    return RescoreProgress(
        scored=counted[State.SCORED],
        active=counted[State.QUEUED] + counted[State.RUNNING] + _to_come(rescore),
        failed=counted[State.FAILED] + counted[State.CANCELLED],
        errors=counted[State.ERROR],
    )


def promote(rescore: Rescore, *, by: User) -> None:
    """Put the re-score's scores on the board and its terms into the phase, in one step.

    Raises PermissionDenied, and OrganiserError ``rescore.ended``, ``rescore.unfinished`` or
    ``phase.shows_held_out``, as pictures may have been hidden meanwhile. An entry that failed under
    the new terms keeps its old scores and is ranked no more.
    """
    _require_organiser(rescore.phase, by)
    cover(rescore)
    with transaction.atomic():
        phase = hold_board(rescore.phase_id)
        _end(rescore, RescoreState.PROMOTED, by)
        require_showable(Dataset.objects.get(pk=rescore.dataset_id), phase.visibility)
        _require_finished(rescore)
        scored = rescore.evaluations.filter(state=State.SCORED)
        covered = list(scored.values_list("submission_id", flat=True))
        old = Evaluation.objects.filter(is_promoted=True, submission__in=covered)
        old.update(is_promoted=False)
        scored.update(is_promoted=True)
        Phase.objects.filter(pk=rescore.phase_id).update(
            dataset=rescore.dataset,
            protocol=rescore.protocol,
            protocol_digest=rescore.protocol_digest,
        )
        _log(rescore, by, "rescore.promoted", rescore.note)
        board_changed(rescore.phase_id)


def drop(rescore: Rescore, *, by: User) -> None:
    """End the re-score and leave the board as it is; what was scored is kept to look at.

    Raises PermissionDenied, and OrganiserError ``rescore.ended``.
    """
    _require_organiser(rescore.phase, by)
    with transaction.atomic():
        _end(rescore, RescoreState.DROPPED, by)
        _log(rescore, by, "rescore.dropped", rescore.note)
    end_dropped()


def end_dropped() -> int:
    """End runs of dropped re-scores; the sweeper goes on with what a drop has left behind."""
    left = Evaluation.objects.filter(rescore__state=RescoreState.DROPPED, state__in=ACTIVE_STATES)
    return sum(
        verdicts.end(pk, state=State.CANCELLED, code=_DROPPED_CODE, reason="The re-score ended.")
        for pk in left.values_list("pk", flat=True)[:_AT_ONCE]
    )


def retry(rescore: Rescore, *, by: User) -> int:
    """Queue again the entries that faults of ours ended; returns how many there were.

    Raises PermissionDenied, and OrganiserError ``rescore.ended``.
    """
    _require_organiser(rescore.phase, by)
    with transaction.atomic():
        if not takes_entries(rescore):
            raise OrganiserError(
                "rescore.ended",
                "This re-score was dropped, or a later one stands in its place; nothing is judged "
                "under it any more. Start another.",
            )
        broken = rescore.evaluations.filter(state=State.ERROR)
        number = broken.count()
        while leftovers.clear_now(broken):
            pass
        broken.delete()
        _log(rescore, by, "rescore.retried", f"{number} entries")
    cover(rescore)
    return number


def _entries(phase: Phase) -> QuerySet[Submission]:
    """What is re-scored: every scored entry that may stand on the board again."""
    kept = (Standing.RANKED, Standing.HIDDEN)
    return Submission.objects.filter(phase=phase, state=State.SCORED, standing__in=kept)


def _taking() -> Q:
    return Q(state=RescoreState.OPEN) | in_force()


def _with_terms(rescores: QuerySet[Rescore]) -> QuerySet[Rescore]:
    return rescores.select_related("phase", "dataset")


def _to_come(rescore: Rescore) -> int:
    """How many entries are not queued yet; none for a re-score that takes no more of them.

    By the state it was read with: a promotion that counts has ended the row already.
    """
    takes = rescore.state == RescoreState.OPEN or takes_entries(rescore)
    return _missing(rescore).count() if takes else 0


def _cover(rescore: Rescore) -> int:
    found = _missing(rescore).select_related("phase").order_by("created_at")[:_AT_ONCE]
    return sum(_queue(rescore, submission) for submission in list(found))


def _missing(rescore: Rescore) -> QuerySet[Submission]:
    """What has to be judged under the re-score's terms and has no evaluation of it."""
    missing = _entries(rescore.phase).filter(
        ~Exists(rescore.evaluations.filter(submission=OuterRef("pk")))
    )
    if rescore.state == RescoreState.PROMOTED:  # stragglers that ended under what was before
        current = Q(dataset=rescore.dataset_id, protocol_digest=rescore.protocol_digest)
        stale = Evaluation.objects.filter(~current, submission=OuterRef("pk"), is_promoted=True)
        missing = missing.filter(Exists(stale))
    return missing


def _queue(rescore: Rescore, submission: Submission) -> bool:
    """The entry's evaluation under the new terms; False if somebody has made it already.

    And False if the re-score has ended since it was read: its row's lock makes a drop at the same
    moment see this evaluation, or be seen here. It is taken after the insert, which locks the
    submission: in this order nobody waits for each other.
    """
    try:
        with transaction.atomic():
            evaluation = Evaluation.objects.create(
                submission=submission,
                rescore=rescore,
                compared_with=submission.evaluations.filter(is_promoted=True).first(),
                stage=Stage.FULL,
                dataset=rescore.dataset,
                protocol=rescore.protocol,
                protocol_digest=rescore.protocol_digest,
                evaluator_version=rescore.evaluator_version,
                deadline=timezone.now() + stages.RESCORE_PATIENCE,
            )
            same = Rescore.objects.filter(pk=rescore.pk, state=rescore.state)
            if same.select_for_update(no_key=True).order_by().first() is None:
                transaction.set_rollback(True)
                return False
            stages.cut_into_shards(evaluation, Lane.RESCORE)
    except IntegrityError:  # one_evaluation_a_rescore
        return False
    return True


def _end(rescore: Rescore, state: RescoreState, by: User) -> None:
    """Open → ended, once: of two organisers at once one changes the row."""
    rows = Rescore.objects.filter(pk=rescore.pk, state=RescoreState.OPEN)
    if not rows.update(state=state, ended_by=by, ended_at=timezone.now()):
        raise _ended()


def _ended() -> OrganiserError:
    return OrganiserError("rescore.ended", "This re-score was promoted or dropped already.")


def _require_organiser(phase: Phase, by: User) -> None:
    if not organises(by, phase.competition):
        raise PermissionDenied


def _require_new(phase: Phase, dataset: Dataset, digest: str) -> None:
    promoted = Evaluation.objects.filter(
        submission__in=_entries(phase), is_promoted=True, stage=Stage.FULL
    )
    if not promoted.exists():
        raise OrganiserError("rescore.no_entries", "This phase has no scored entry to re-score.")
    same = Q(dataset=dataset, protocol_digest=digest, evaluator_version=evaluator_version)
    if not promoted.exclude(same).exists():
        raise OrganiserError(
            "rescore.nothing_new",
            "Every entry stands under this dataset, protocol and evaluator version; choose "
            "another dataset or protocol.",
        )


def _require_finished(rescore: Rescore) -> None:
    progress = progress_of(rescore)
    if progress.active:
        raise OrganiserError(
            "rescore.unfinished",
            f"{progress.active} of {progress.total} entries are still being judged (entries handed "
            "in meanwhile are added); promote when all have ended.",
        )
    if progress.errors:
        raise OrganiserError(
            "rescore.unfinished",
            f"{progress.errors} entries met faults of the platform; judge them again first.",
        )
    scored = rescore.evaluations.filter(state=State.SCORED)
    versions = sorted(set(scored.values_list("evaluator_version", flat=True)))
    if len(versions) > 1:
        raise OrganiserError(
            "rescore.mixed",
            f"The workers were upgraded meanwhile: entries were judged by the evaluators "
            f"{' and '.join(versions)}, whose scores one board cannot compare; drop this re-score "
            "and start it again.",
        )


def _log(rescore: Rescore, by: User, act: str, detail: str) -> None:
    subject = f"{rescore.phase.title}: {rescore}"
    audit.record(rescore.phase.competition, by=by, act=act, subject=subject, detail=detail)
