"""How long a waiting run has to wait: its place in the queue, and an estimate from measured times.

Turns are fair among participants, so that each of the others can put no more before somebody's work
than that work's own size, however much they handed in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from stylearena.judging.models import Evaluation, Lane, Shard, Turn
from stylearena.submissions.models import ACTIVE_STATES, State

__all__ = ["place_in_queue", "seconds_by_others", "seconds_left", "seconds_run"]

_MEASURED_SHARDS = 20  # as many recent shards as the estimate looks at
_LEFT = F("stop") - F("first") - F("done")


@dataclass(frozen=True, slots=True)
class _Load:
    """A participant in a lane: runs with something queued, pairs to do, shards running."""

    runs: int
    pairs: int
    running: int


def place_in_queue(evaluation: Evaluation) -> int:
    """1 for the run that is begun next, if each run were a single shard."""
    me, lane = evaluation.submission.participant_id, Lane(evaluation.stage)
    loads = _loads(lane)
    before, _ = _own_before(evaluation)
    turns = dict(Turn.objects.filter(lane=lane).values_list("participant_id", "at"))
    mine = _order(me, loads, turns)
    rounds = {person: before + (_order(person, loads, turns) < mine) for person in loads}
    others = (min(load.runs, rounds[p]) for p, load in loads.items() if p != me)
    return 1 + before + sum(others)


def seconds_left(evaluation: Evaluation, pairs: int) -> float | None:
    """Until ``pairs``, the rest of an active run, are done; None where nothing was measured yet."""
    if own_pace := _pairs_per_second(evaluation):
        return pairs / own_pace
    return seconds_by_others(evaluation, pairs)


def seconds_by_others(evaluation: Evaluation, pairs: int) -> float | None:
    """The same at the pace of the runs that came before, which tells nothing of this one."""
    pace = _seconds_per_pair(evaluation)
    if pace is None:
        return None
    ahead = _pairs_ahead(evaluation, pairs) if evaluation.state == State.QUEUED else 0
    return (ahead + pairs) * pace / max(1, _live_workers())


def seconds_run(evaluation: Evaluation) -> float:
    """Since it was begun; 0 for a run that was not."""
    return _seconds(evaluation.started_at, timezone.now())


def _order(
    person: int, loads: Mapping[int, _Load], turns: Mapping[int, datetime]
) -> tuple[int, float]:
    """Smaller goes first: the fewest shards running, then the longest wait."""
    running = loads[person].running if person in loads else 0
    return running, turns.get(person, timezone.now()).timestamp()


def _loads(lane: Lane) -> dict[int, _Load]:
    queued = Q(state=State.QUEUED)
    rows = (
        Shard.objects.filter(lane=lane, state__in=ACTIVE_STATES)
        .order_by()
        .values_list("participant_id")
        .annotate(
            runs=Count("evaluation", filter=queued, distinct=True),
            pairs=Sum(_LEFT),
            running=Count("pk", filter=Q(state=State.RUNNING)),
        )
    )
    return {person: _Load(runs, pairs, running) for person, runs, pairs, running in rows}


def _own_before(evaluation: Evaluation) -> tuple[int, int]:
    """The participant's own earlier runs in the same lane, and their pairs to do."""
    earlier = Shard.objects.filter(
        lane=Lane(evaluation.stage),
        participant=evaluation.submission.participant_id,
        state__in=ACTIVE_STATES,
        evaluation__created_at__lt=evaluation.created_at,
    )
    found = earlier.aggregate(runs=Count("evaluation", distinct=True), pairs=Sum(_LEFT))
    return found["runs"], found["pairs"] or 0


def _pairs_ahead(evaluation: Evaluation, pairs: int) -> int:
    me = evaluation.submission.participant_id
    _, own = _own_before(evaluation)
    loads = _loads(Lane(evaluation.stage))
    return own + sum(min(load.pairs, own + pairs) for p, load in loads.items() if p != me)


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


def _live_workers() -> int:
    live = Shard.objects.filter(state=State.RUNNING, leased_until__gte=timezone.now())
    return live.order_by().values("worker").distinct().count()
