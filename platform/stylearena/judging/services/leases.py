"""Leases: who may write a shard, for how long. The fencing token refuses everybody else.

A claim raises the token; heartbeat, held, finish, fail and release name the token they were given,
so that a worker which was frozen past its lease and comes back changes nothing.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from stylearena.judging import messages
from stylearena.judging.models import Evaluation, Lane, Shard, Stage, shard_path
from stylearena.judging.services import line, stages, verdicts, versions
from stylearena.judging.services.pauses import lease_end, pause_after
from stylearena.submissions.models import State, Submission

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to judge pairs ``first`` to ``stop``, for as long as ``token`` is current."""

    shard_id: int
    token: int
    evaluation_id: int
    submission_id: UUID
    stage: str
    lane: str
    index: int
    first: int
    stop: int


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat brings back: is the lease still ours, and is a cancel wished for?"""

    alive: bool
    cancelled: bool


def claim(shard_id: int, *, worker: str) -> Lease | None:
    """Lease a queued shard, or one whose lease ran out; None if it is not to be had.

    Two claims at once both name the token they read, and only one UPDATE finds it unchanged.
    """
    shard = Shard.objects.filter(pk=shard_id).first()
    return None if shard is None else claim_read(shard, worker=worker)


def claim_read(shard: Shard, *, worker: str) -> Lease | None:
    """``claim`` of a shard just read."""
    now = timezone.now()
    with transaction.atomic():
        evaluation = stages.lock_wanted(shard.evaluation_id)
        if evaluation is None:
            return None
        if not versions.is_ours(evaluation):
            if not versions.take_over(evaluation):
                return None
            shard.refresh_from_db()
        claimed = Shard.objects.filter(_is_free(now), pk=shard.pk, token=shard.token).update(
            state=State.RUNNING,
            token=shard.token + 1,
            faults=shard.faults + (shard.state == State.RUNNING),
            worker=worker,
            leased_until=lease_end(),
            started_at=now,
            done=0,
        )
        if not claimed:
            return None
        if evaluation.state == State.QUEUED:
            stages.start(evaluation)
    return _lease(shard, evaluation)


def heartbeat(lease: Lease, *, done: int) -> Beat:
    """Prolong the lease and note the pairs done."""
    alive = _held(lease).update(leased_until=lease_end(), done=done)
    wished = Submission.objects.filter(pk=lease.submission_id, cancel_requested_at__isnull=False)
    return Beat(alive=bool(alive), cancelled=lease.lane != Lane.RESCORE and wished.exists())


@contextmanager
def held(lease: Lease) -> Iterator[bool]:
    """A transaction in which nobody can take the shard: whether ``lease`` holds, and does then."""
    with transaction.atomic():
        stages.lock(lease.evaluation_id)
        yield _held(lease).exists()


def finish(
    lease: Lease, result: bytes = b"", *, transcript: str = "", rung: str = "", device: str = ""
) -> bool:
    """Keep a shard's result (a saved ShardResult) and move on; False for a lease that was lost.

    The last shard of a smoke run starts the full run; the last of a full run asks for the
    conclusion. ``transcript`` is the entry's own output, kept for smoke runs only.
    """
    name = _store(lease, result)
    with transaction.atomic():
        stages.lock(lease.evaluation_id)  # of two last shards, the later sees the earlier
        finished = _held(lease).update(
            state=State.SCORED,
            result=name,
            done=lease.stop - lease.first,
            sandbox_rung=rung,
            device=device,
            leased_until=None,
            finished_at=timezone.now(),
        )
        if finished:
            stages.advance(lease.evaluation_id, transcript=transcript)
    if name and not finished:
        default_storage.delete(name)
    return bool(finished)


def fail(lease: Lease, code: str, reason: str, transcript: str = "") -> bool:
    """The entry failed: the whole evaluation ends, and is never tried again."""
    return _end(lease, State.FAILED, code, reason, transcript)


def cancel(lease: Lease) -> bool:
    """The wish to cancel was read at a heartbeat."""
    with transaction.atomic():
        return _ended(lease, State.CANCELLED) and verdicts.cancel(lease.evaluation_id)


def release(lease: Lease, fault: str = "", *, pause: float = 0.0) -> bool:
    """Hand a shard back, to be run again after ``pause`` seconds.

    With a ``fault`` of ours it is counted and waits longer each time; the limit ends it in error.
    """
    if not fault:
        return requeue(_held(lease), lease.shard_id, lease.evaluation_id, pause=pause)
    log.warning("Shard %s met a fault of ours: %s", lease.shard_id, fault)
    return count_fault(_held(lease), lease.shard_id, lease.evaluation_id)


def expire(now: datetime) -> int:
    """Queue again every shard whose lease ran out; returns how many there were.

    The worker is gone, which may be chance: only from the second time on is there a pause.
    """
    lapsed = Shard.objects.filter(state=State.RUNNING, leased_until__lt=now)
    found = list(lapsed.values_list("pk", "token", "evaluation_id"))
    return sum(
        count_fault(lapsed.filter(pk=pk, token=token), pk, evaluation_id, free=1)
        for pk, token, evaluation_id in found
    )


def count_fault(held: QuerySet[Shard], shard_id: int, evaluation_id: int, *, free: int = 0) -> bool:
    """Queue the shard again with one fault more, or end its evaluation when it has had enough.

    ``free`` faults are tried again without a pause.
    """
    faults = held.values_list("faults", flat=True).first()
    if faults is None:
        return False
    if faults < settings.MAX_FAULTS:
        pause = pause_after(faults + 1 - free)
        return requeue(held, shard_id, evaluation_id, pause=pause, faults=faults + 1)
    with transaction.atomic():
        stages.lock(evaluation_id)
        if not held.update(state=State.ERROR, leased_until=None, finished_at=timezone.now()):
            return False
        code, reason = verdicts.FAULTS_CODE, verdicts.FAULTS_REASON
        return verdicts.end(evaluation_id, state=State.ERROR, code=code, reason=reason)


def requeue(
    held: QuerySet[Shard],
    shard_id: int,
    evaluation_id: int,
    *,
    pause: float = 0.0,
    faults: int | None = None,
) -> bool:
    """Running → queued, in line again, and a message for when the pause is over."""
    now = timezone.now()
    later = now + timedelta(seconds=pause)
    counted = {} if faults is None else {"faults": faults}
    with transaction.atomic():
        stages.lock(evaluation_id)
        queued = held.update(
            state=State.QUEUED,
            leased_until=None,
            done=0,
            queued_at=now,
            not_before=later,
            **counted,
        )
        if queued:
            shard = Shard.objects.get(pk=shard_id)
            line.line_up(shard.lane, shard.participant_id, at=later)
            messages.judge(shard_id, shard.lane, after_seconds=pause)
    return bool(queued)


def _end(lease: Lease, state: State, code: str, reason: str, transcript: str = "") -> bool:
    with transaction.atomic():
        return _ended(lease, state) and verdicts.end(
            lease.evaluation_id, state=state, code=code, reason=reason, transcript=transcript
        )


def _ended(lease: Lease, state: State) -> bool:
    """The shard alone, under its evaluation's lock; False for a lease that was lost."""
    stages.lock(lease.evaluation_id)
    now = timezone.now()
    return bool(_held(lease).update(state=state, leased_until=None, finished_at=now))


def _held(lease: Lease) -> QuerySet[Shard]:
    return Shard.objects.filter(pk=lease.shard_id, token=lease.token, state=State.RUNNING)


def _is_free(now: datetime) -> Q:
    lapsed = Q(state=State.RUNNING, leased_until__lt=now, faults__lt=settings.MAX_FAULTS)
    return Q(state=State.QUEUED, not_before__lte=now) | lapsed


def _lease(shard: Shard, evaluation: Evaluation) -> Lease:
    """The lease of the claim that raised the token ``shard`` was read with."""
    return Lease(
        shard_id=shard.pk,
        token=shard.token + 1,
        evaluation_id=evaluation.pk,
        submission_id=evaluation.submission_id,
        stage=Stage(evaluation.stage),
        lane=shard.lane,
        index=shard.index,
        first=shard.first,
        stop=shard.stop,
    )


def _store(lease: Lease, result: bytes) -> str:
    """The result goes to storage first: a row never names a file that is not there."""
    if not result:
        return ""
    path = shard_path(
        Shard(evaluation_id=lease.evaluation_id, index=lease.index, token=lease.token), ""
    )
    return default_storage.save(path, ContentFile(result))
