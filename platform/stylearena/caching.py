"""The cache for what can be had again: while it cannot be asked, that costs time and no page."""

import logging

import redis
from django.core.cache import cache

__all__ = ["recall", "remember"]

log = logging.getLogger(__name__)


def recall(key: str, nothing: object = None) -> object:
    """What is kept under ``key``; ``nothing`` if that is not there, or the cache is not."""
    try:
        return cache.get(key, nothing)
    except (redis.RedisError, OSError) as error:
        log.warning("%s cannot be read: %s", key, error)
        return nothing


def remember(key: str, value: object, seconds: float) -> None:
    """Keep ``value`` for so long, if the cache is there."""
    try:
        cache.set(key, value, seconds)
    except (redis.RedisError, OSError) as error:
        log.warning("%s cannot be kept: %s", key, error)
