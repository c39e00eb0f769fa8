"""Whose turn it is: the best next shard of a lane, found by a few indexed queries.

A message is a hint that something waits, so the worker that hears it takes what is next rather than
what the message names. A participant stands in line once a lane, whatever they handed in: somebody
with nothing running goes first, then whoever has the fewest shards running; among equals, whoever
has waited longest. Being served sends them to the end of the line. Re-scores have the last lane.

Two compare-and-sets make a claim: one takes the turn, so that two workers at once serve two people;
one takes the shard. A turn is only a hint too: the sweeper makes the missing ones.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import repeat

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from stylearena.judging.models import Lane, Shard, Turn
from stylearena.judging.services import versions
from stylearena.judging.services.leases import Lease, claim_read
from stylearena.judging.services.line import wanted
from stylearena.submissions.models import State

# Another host's clock may be before ours: whom it served this moment is not away from the line.
_SKEW = timedelta(seconds=2)
_TRIES = 64  # at most: each lost try means that another worker got something


def claim_next(lanes: Iterable[Lane], *, worker: str, room: int | None = None) -> Lease | None:
    """Lease the best shard of the first of ``lanes`` that has one; None if nothing is ready.

    Entries that may take more than ``room`` bytes are left to workers with more memory.
    """
    for lane in lanes:
        in_vain: list[int] = []  # the turns of those for whom nothing was found
        for _ in range(_TRIES):
            turn = _next_turn(lane, room, in_vain)
            if turn is None:
                break
            if _take(turn):
                if lease := _serve(turn, worker, room):
                    return lease
                in_vain.append(turn.pk)
    return None


def _next_turn(lane: Lane, room: int | None, in_vain: Sequence[int]) -> Turn | None:
    """First in line of those with nothing running, else of those with the fewest shards running."""
    now = timezone.now()
    line = Turn.objects.filter(lane=lane, at__lte=now + _SKEW)
    if in_vain:
        line = line.exclude(pk__in=in_vain)
    if room is not None:
        theirs = Shard.objects.filter(lane=lane, participant=OuterRef("participant"))
        ready = theirs.filter(_fits(room), state=State.QUEUED, not_before__lte=now)
        line = line.filter(Exists(ready))
    running = _running(lane)
    idle = line.exclude(participant__in=running.values("participant")).order_by("at").first()
    if idle is not None:
        return idle
    counts = dict(running.values_list("participant").annotate(Count("pk")))
    busy = list(line.filter(participant__in=counts))  # no more than there are workers
    return min(busy, key=lambda turn: (counts[turn.participant_id], turn.at), default=None)


def _running(lane: Lane) -> QuerySet[Shard]:
    """What runs now; re-scores, which are the organisers', do not count against a participant."""
    rescored = Q(lane=Lane.RESCORE)
    counted = rescored if lane == Lane.RESCORE else ~rescored
    return Shard.objects.filter(counted, state=State.RUNNING).order_by()


def _take(turn: Turn) -> bool:
    """Send the participant to the end of the line; False if another worker was faster."""
    taken = Turn.objects.filter(pk=turn.pk, version=turn.version)
    return bool(taken.update(at=timezone.now(), version=turn.version + 1))


def _fits(room: int | None) -> Q:
    return Q() if room is None else Q(evaluation__submission__phase__memory_bytes__lte=room)


def _serve(turn: Turn, worker: str, room: int | None) -> Lease | None:
    """Claim the participant's oldest ready shard; without one they leave the line, or wait."""
    queued = Shard.objects.filter(
        lane=turn.lane, participant_id=turn.participant_id, state=State.QUEUED
    )
    ready = Q(_fits(room), not_before__lte=timezone.now())
    for shards in _looks(queued):
        shard = shards.filter(ready).order_by("pk").first()
        if shard is None:
            break
        if lease := claim_read(shard, worker=worker):
            return lease
    _leave(turn, queued.filter(wanted("evaluation__")))
    return None


def _looks(queued: QuerySet[Shard]) -> Iterator[QuerySet[Shard]]:
    """Nearly all are wanted and to be had, which a claim makes sure of: joins after a miss only."""
    yield queued
    known = queued.filter(wanted("evaluation__")).exclude(evaluation__in=versions.out_of_reach())
    yield from repeat(known, _TRIES)


def _leave(turn: Turn, queued: QuerySet[Shard]) -> None:
    """Nothing is ready for us: come back when something will be, or not at all.

    What is ready and left to others, of more memory or another version, keeps its place in line.
    """
    line = Turn.objects.filter(pk=turn.pk, version=turn.version + 1)
    later = queued.order_by("not_before").values_list("not_before", flat=True).first()
    if later is None:
        line.delete()
    else:
        line.update(at=later if later > timezone.now() else turn.at)
