"""Celery's way in: thin tasks that carry an id. What they do is in services and work.

A message may arrive twice, late or never; each task finds out from the database what is to do. The
id of a shard says which one was queued when the message was sent; the turn may be another's.
"""

from celery import shared_task

from stylearena.judging import messages, services, work
from stylearena.judging.models import Lane


@shared_task(name=messages.BEGIN, acks_late=True)
def begin(submission_id: str) -> None:
    """Queue the smoke run of a submission."""
    services.begin(submission_id)


@shared_task(name=messages.JUDGE_SMOKE, acks_late=True)
def judge_smoke(shard_id: int) -> None:
    """A smoke run waits: two public pairs, with the log for the participant."""
    work.judge_on(Lane.SMOKE)


@shared_task(name=messages.JUDGE_SHARD, acks_late=True)
def judge_shard(shard_id: int) -> None:
    """A shard of a full run waits: run and score the one whose turn it is."""
    work.judge_on(Lane.FULL, Lane.RESCORE)


@shared_task(name=messages.CONCLUDE, acks_late=True)
def conclude(evaluation_id: int) -> None:
    """Put the shards of an evaluation together into its report."""
    work.conclude(evaluation_id)
