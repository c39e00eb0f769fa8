"""What every page says about the judging: loudly, where entries run below full confinement.

The worker writes the notice when it starts; the site only reads it, and shows no notice rather
than no page when the cache cannot be asked.
"""

import logging

import redis
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

log = logging.getLogger(__name__)

_KEY = "judging.sandbox_notice"


def keep_notice(warning: str) -> None:
    """Remember the sandbox's warning, empty at full confinement, until the next worker starts."""
    cache.set(_KEY, warning, timeout=None)


def sandbox_notice(request: HttpRequest) -> dict[str, object]:
    """Context processor: ``sandbox_notice``, a sentence or "" (read only if a template asks)."""
    return {"sandbox_notice": SimpleLazyObject(_read_notice)}


def _read_notice() -> str:
    try:
        return str(cache.get(_KEY, ""))
    except (redis.RedisError, OSError) as error:
        log.warning("The sandbox notice cannot be read: %s", error)
        return ""
