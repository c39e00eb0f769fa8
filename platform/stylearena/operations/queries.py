"""Everything an operator looks at, read in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Sum
from django.utils import timezone

from stylearena.judging import messages
from stylearena.judging.models import Evaluation, Lane, Shard
from stylearena.operations.models import WorkerProcess
from stylearena.operations.presence import GONE_AFTER
from stylearena.submissions.models import ACTIVE_STATES, State, Submission

__all__ = ["Failure", "HeldLease", "Queue", "Status", "Worker", "status"]

_RECENT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Queue:
    """Shards of one lane that wait, and for how long the first of them has waited."""

    lane: str
    shards: int
    pairs: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A shard in the hands of a worker; ``seconds_left`` is negative once the lease ran out."""

    shard: int
    evaluation: int
    submission: str
    stage: str
    worker: str
    done: int
    pairs: int
    running_seconds: float
    seconds_left: float
    faults: int


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process and the lease that it holds, if any; ``alive``: it was heard of lately."""

    name: str
    device: str
    device_title: str
    device_bytes: int | None
    evaluator_version: str
    up_seconds: float
    silent_seconds: float
    alive: bool
    lease: HeldLease | None


@dataclass(frozen=True, slots=True)
class Failure:
    """How many evaluations ended this way within a day."""

    state: str
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class Status:
    """The platform at one moment. ``messages`` is None when the broker does not answer."""

    taken_at: datetime
    messages: int | None
    submissions: dict[str, int]
    oldest_submission_seconds: float
    queues: Sequence[Queue]
    leases: Sequence[HeldLease]
    workers: Sequence[Worker]
    failures: Sequence[Failure]
    faults: int


def status() -> Status:
    """Look at everything; seven queries, and one question to the broker."""
    now = timezone.now()
    leases = _leases(now)
    counted = dict(Submission.objects.order_by().values_list("state").annotate(n=Count("pk")))
    active = Submission.objects.filter(state__in=ACTIVE_STATES)
    oldest = active.aggregate(oldest=Min("created_at"))["oldest"]
    unfinished = Shard.objects.filter(state__in=ACTIVE_STATES)
    return Status(
        taken_at=now,
        messages=messages.waiting(*messages.QUEUES),
        submissions={str(state): counted.get(state, 0) for state in State},
        oldest_submission_seconds=_seconds_since(oldest, now),
        queues=_queues(now),
        leases=leases,
        workers=_workers(now, leases),
        failures=_failures(now),
        faults=unfinished.aggregate(faults=Sum("faults"))["faults"] or 0,
    )


def _queues(now: datetime) -> list[Queue]:
    waiting = Shard.objects.filter(state=State.QUEUED, evaluation__state__in=ACTIVE_STATES)
    rows = (
        waiting.order_by()
        .values("lane")
        .annotate(shards=Count("pk"), pairs=Sum(F("stop") - F("first")), oldest=Min("queued_at"))
    )
    found = {row["lane"]: row for row in rows}
    nothing: dict[str, Any] = {"shards": 0, "pairs": 0, "oldest": None}
    return [
        Queue(str(lane), row["shards"], row["pairs"], _seconds_since(row["oldest"], now))
        for lane in Lane
        for row in [found.get(lane, nothing)]
    ]


def _leases(now: datetime) -> list[HeldLease]:
    held = Shard.objects.filter(state=State.RUNNING).select_related("evaluation")
    return [
        HeldLease(
            shard=shard.pk,
            evaluation=shard.evaluation_id,
            submission=str(shard.evaluation.submission_id),
            stage=shard.evaluation.stage,
            worker=shard.worker,
            done=shard.done,
            pairs=shard.stop - shard.first,
            running_seconds=_seconds_since(shard.started_at, now),
            seconds_left=-_seconds_since(shard.leased_until, now),
            faults=shard.faults,
        )
        for shard in held.order_by("started_at")
    ]


def _workers(now: datetime, leases: Sequence[HeldLease]) -> list[Worker]:
    of_worker = {lease.worker: lease for lease in leases}
    return [
        Worker(
            name=process.name,
            device=process.device,
            device_title=process.device_title,
            device_bytes=process.device_bytes,
            evaluator_version=process.evaluator_version,
            up_seconds=_seconds_since(process.started_at, now),
            silent_seconds=_seconds_since(process.seen_at, now),
            alive=now - process.seen_at < GONE_AFTER,
            lease=of_worker.get(process.name),
        )
        for process in WorkerProcess.objects.all()
    ]


def _failures(now: datetime) -> list[Failure]:
    bad = Evaluation.objects.filter(
        state__in=(State.FAILED, State.ERROR), finished_at__gte=now - _RECENT
    )
    counted = bad.order_by().values_list("state", "reason_code").annotate(n=Count("pk"))
    return [Failure(*row) for row in counted.order_by("-n", "state", "reason_code")]


def _seconds_since(moment: datetime | None, now: datetime) -> float:
    return (now - moment).total_seconds() if moment else 0.0
