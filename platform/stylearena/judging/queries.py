"""Every read of judging that a page needs: how far a submission is, and how long it will take."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Sum

from stylearena.competitions.models import Phase
from stylearena.judging.models import Evaluation, Stage
from stylearena.judging.outlook import place_in_queue, seconds_by_others, seconds_left, seconds_run
from stylearena.submissions.models import ACTIVE_STATES, State, Submission

RECEIVED = "received"
SMOKE = "smoke"
FULL = "full"
BOARD = "board"
_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Done:
    """Pairs ``done`` of ``total`` of a run, as far as its participant may know.

    ``in_tenths``: of a held-out run, done and total count tenths instead, because the time that
    each single pair takes is the entry's to choose and could tell what it sees.
    """

    done: int
    total: int
    in_tenths: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a submission is: ``done`` of ``total`` (see ``Done``) in its ``stage``.

    ``place_in_queue`` is 1 for the next one, None when it does not wait; ``seconds_left`` is None
    where nothing has been measured yet.
    """

    stage: str
    done: int
    total: int
    fraction: float
    place_in_queue: int | None
    seconds_left: float | None
    in_tenths: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One of the stages a submission passes, as the panel draws it."""

    title: str
    status: str  # done | current | waiting | stopped


def progress(submission: Submission) -> Progress:
    """Where ``submission`` stands now; at most nine queries, however many others there are."""
    runs = submission.evaluations.filter(rescore=None).select_related("submission", "dataset")
    evaluation = runs.order_by("created_at").last()
    if evaluation is None:
        return Progress(RECEIVED, 0, 0, 0.0, None, None)
    if submission.state == State.SCORED:
        pairs = evaluation.dataset.pairs
        return Progress(BOARD, pairs, pairs, 1.0, None, None)
    if is_held_out(evaluation.stage, evaluation.submission.phase):
        return _progress_in_tenths(evaluation)
    done, total = _pairs(evaluation)
    is_active = evaluation.state in ACTIVE_STATES
    return Progress(
        stage=evaluation.stage,
        done=done,
        total=total,
        fraction=done / total if total else 0.0,
        place_in_queue=place_in_queue(evaluation) if evaluation.state == State.QUEUED else None,
        seconds_left=seconds_left(evaluation, total - done) if is_active else None,
    )


def is_held_out(stage: str, phase: Phase) -> bool:
    """Whether the pictures of a run of that stage are kept from its participant."""
    return stage == Stage.FULL and not phase.shows_pictures()


def told(done: int, total: int, *, stage: str, phase: Phase) -> Done:
    """Those pairs of a run as its participant may read them: the one rule of every page."""
    if not is_held_out(stage, phase):
        return Done(done, total)
    return Done(done * _TENTHS // total, _TENTHS, True) if total else Done(0, 0, True)


def _progress_in_tenths(evaluation: Evaluation) -> Progress:
    """Nothing in it changes while a tenth of the run goes by, save for the clock."""
    done, total = _pairs(evaluation)
    said = told(done, total, stage=evaluation.stage, phase=evaluation.submission.phase)
    tenths = said.done
    is_queued = evaluation.state == State.QUEUED
    left: float | None = None
    if is_queued or (evaluation.state == State.RUNNING and not tenths):
        left = seconds_by_others(evaluation, total)
    elif evaluation.state == State.RUNNING:
        left = seconds_run(evaluation) * (_TENTHS - tenths) / tenths
    return Progress(
        stage=evaluation.stage,
        done=tenths,
        total=said.total,
        fraction=tenths / _TENTHS,
        place_in_queue=place_in_queue(evaluation) if is_queued else None,
        seconds_left=left,
        in_tenths=True,
    )


def steps(submission: Submission, stage: str) -> Sequence[Step]:
    """The five steps from the form to the board, with how far ``submission`` came."""
    titles = ("Received", "Checked", "Smoke run", "Full run", "On the board")
    reached = {RECEIVED: 2, SMOKE: 2, FULL: 3, BOARD: 5}[stage]
    here = "current" if submission.is_active else "stopped"
    return [
        Step(title, "done" if index < reached else here if index == reached else "waiting")
        for index, title in enumerate(titles)
    ]


def smoke_log(submission: Submission) -> str:
    """What the entry wrote in the smoke run; a full run's output is never kept."""
    evaluation = submission.evaluations.filter(stage=Stage.SMOKE).last()
    return evaluation.log if evaluation else ""


def _pairs(evaluation: Evaluation) -> tuple[int, int]:
    counted = evaluation.shards.aggregate(done=Sum("done"), total=Sum(F("stop") - F("first")))
    return counted["done"] or 0, counted["total"] or 0
