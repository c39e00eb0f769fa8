"""Every read of judging that a page needs: how far a submission is, and how long it will take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Sum
from django.utils import timezone

from stylearena.competitions.models import Visibility
from stylearena.judging.models import Evaluation, Shard, Stage
from stylearena.submissions.models import ACTIVE_STATES, State, Submission

RECEIVED = "received"
SMOKE = "smoke"
FULL = "full"
BOARD = "board"
_MEASURED_SHARDS = 20  # as many recent shards as the estimate looks at
_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a submission is: pairs ``done`` of ``total`` in its ``stage``.

    ``in_tenths``: of a held-out run, done and total count tenths instead, because the time that
    each single pair takes is the entry's to choose and could tell what it sees.
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
    """Where ``submission`` stands now; six queries at most, however many others there are."""
    evaluation = submission.evaluations.order_by("created_at").last()
    if evaluation is None:
        return Progress(RECEIVED, 0, 0, 0.0, None, None)
    if submission.state == State.SCORED:
        pairs = evaluation.dataset.pairs
        return Progress(BOARD, pairs, pairs, 1.0, None, None)
    if _is_held_out(evaluation):
        return _progress_in_tenths(evaluation)
    done, total = _pairs(evaluation)
    is_active = evaluation.state in ACTIVE_STATES
    return Progress(
        stage=evaluation.stage,
        done=done,
        total=total,
        fraction=done / total if total else 0.0,
        place_in_queue=_place(evaluation) if evaluation.state == State.QUEUED else None,
        seconds_left=_seconds_left(evaluation, total - done) if is_active else None,
    )


def _is_held_out(evaluation: Evaluation) -> bool:
    """Whether the pictures of the run are kept from its participant."""
    shown = evaluation.submission.phase.visibility == Visibility.OPEN
    return evaluation.stage == Stage.FULL and not shown


def _progress_in_tenths(evaluation: Evaluation) -> Progress:
    """Nothing in it changes while a tenth of the run goes by, save for the clock."""
    done, total = _pairs(evaluation)
    tenths = done * _TENTHS // total if total else 0
    is_queued = evaluation.state == State.QUEUED
    left: float | None = None
    if is_queued or (evaluation.state == State.RUNNING and not tenths):
        left = _seconds_by_others(evaluation, total)
    elif evaluation.state == State.RUNNING:
        left = _seconds(evaluation.started_at, timezone.now()) * (_TENTHS - tenths) / tenths
    return Progress(
        stage=evaluation.stage,
        done=tenths,
        total=_TENTHS if total else 0,
        fraction=tenths / _TENTHS,
        place_in_queue=_place(evaluation) if is_queued else None,
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


def _place(evaluation: Evaluation) -> int:
    earlier = Evaluation.objects.filter(
        state=State.QUEUED, stage=evaluation.stage, created_at__lt=evaluation.created_at
    )
    return earlier.count() + 1


def _seconds_left(evaluation: Evaluation, pairs: int) -> float | None:
    """Pairs to do, here and before it in the queue, at the pace that has been measured."""
    if own_pace := _pairs_per_second(evaluation):
        return pairs / own_pace
    return _seconds_by_others(evaluation, pairs)


def _seconds_by_others(evaluation: Evaluation, pairs: int) -> float | None:
    """The same at the pace of the runs that came before."""
    pace = _seconds_per_pair(evaluation)
    if pace is None:
        return None
    waits = evaluation.state == State.QUEUED
    ahead = _pairs_ahead(evaluation) if waits else 0
    return (ahead + pairs) * pace / max(1, _live_workers())


def _pairs_per_second(evaluation: Evaluation) -> float:
    """The pace of its own shards that run just now: methods differ a hundredfold."""
    if evaluation.state != State.RUNNING:
        return 0.0
    running = evaluation.shards.filter(state=State.RUNNING, done__gt=0)
    now = timezone.now()
    spans = [
        (done, _seconds(start, now)) for start, done in running.values_list("started_at", "done")
    ]
    return sum(done / seconds for done, seconds in spans if seconds)


def _seconds_per_pair(evaluation: Evaluation) -> float | None:
    """The mean over the last shards of the same dataset and stage."""
    recent = Shard.objects.filter(
        evaluation__dataset=evaluation.dataset_id,
        evaluation__stage=evaluation.stage,
        state=State.SCORED,
    ).order_by("-finished_at")
    spans = recent.values_list("started_at", "finished_at", "first", "stop")[:_MEASURED_SHARDS]
    measured = [(_seconds(start, end), stop - first) for start, end, first, stop in spans]
    pairs = sum(count for _, count in measured)
    return sum(seconds for seconds, _ in measured) / pairs if pairs else None


def _seconds(start: datetime | None, end: datetime | None) -> float:
    return (end - start).total_seconds() if start and end else 0.0


def _pairs_ahead(evaluation: Evaluation) -> int:
    ahead = Shard.objects.filter(
        state__in=ACTIVE_STATES, evaluation__created_at__lt=evaluation.created_at
    )
    pairs = ahead.aggregate(pairs=Sum(F("stop") - F("first") - F("done")))["pairs"]
    return pairs or 0


def _live_workers() -> int:
    live = Shard.objects.filter(state=State.RUNNING, leased_until__gte=timezone.now())
    return live.values("worker").distinct().count()
