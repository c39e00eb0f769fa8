"""Messages to the workers: an id each, sent on commit, and never more than a hint.

A message that is lost is found by the sweeper; one that arrives twice is refused by the claim.
"""

import logging
from time import monotonic

import redis
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

from stylearena.celery import app
from stylearena.judging.models import Lane

log = logging.getLogger(__name__)

BEGIN = "judging.begin"
JUDGE_SMOKE = "judging.judge_smoke"
JUDGE_SHARD = "judging.judge_shard"
CONCLUDE = "judging.conclude"
SMOKE_QUEUE = "smoke"
JUDGING_QUEUE = "judging"
QUEUES = (SMOKE_QUEUE, JUDGING_QUEUE)  # in the order in which a worker looks at them
_QUICK = {JUDGE_SMOKE, CONCLUDE}  # seconds at most: boards and newcomers do not wait for full runs
_RESPITE = 5.0  # seconds: many messages at once do not each wait for a broker that is away
_left_alone: dict[str, float] = {}  # brokers that failed, and until when nothing is sent to them


def judge(shard_id: int, lane: str, *, after_seconds: float = 0.0) -> None:
    """Hint at a queued shard once the transaction has committed; whoever hears takes the next."""
    transaction.on_commit(lambda: judge_now(shard_id, lane, after_seconds=after_seconds))


def judge_now(shard_id: int, lane: str, *, after_seconds: float = 0.0) -> bool:
    """``judge`` without waiting for a commit; False if the broker did not take the hint."""
    task = JUDGE_SMOKE if lane == Lane.SMOKE else JUDGE_SHARD
    return _send(task, shard_id, after_seconds)


def conclude(evaluation_id: int, *, after_seconds: float = 0.0) -> None:
    """Tell a worker that all the shards of an evaluation are scored, on commit."""
    transaction.on_commit(lambda: conclude_now(evaluation_id, after_seconds=after_seconds))


def conclude_now(evaluation_id: int, *, after_seconds: float = 0.0) -> bool:
    """``conclude`` without waiting for a commit; False if the broker did not take the message."""
    return _send(CONCLUDE, evaluation_id, after_seconds)


def waiting(*queues: str) -> int | None:
    """How many messages wait in the broker's ``queues``; None when it cannot be asked."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=2,
            socket_timeout=2,
            retry=Retry(NoBackoff(), 0),
        ) as broker:
            return sum(int(broker.llen(queue)) for queue in queues)
    except redis.RedisError as error:
        log.warning("The broker does not answer: %s", error)
        return None


def _send(task: str, key: int, after_seconds: float) -> bool:
    """Tried once: the sweeper is the retry, and whoever sends has better things to do."""
    broker: str = app.conf.broker_url
    if monotonic() < _left_alone.get(broker, 0.0):
        return False
    queue = SMOKE_QUEUE if task in _QUICK else JUDGING_QUEUE
    try:
        app.send_task(task, [key], queue=queue, countdown=after_seconds or None)
    except (OperationalError, redis.RedisError) as error:
        _left_alone[broker] = monotonic() + _RESPITE
        log.warning("%s %s was not sent, the sweeper will: %s", task, key, error)
        return False
    return True
