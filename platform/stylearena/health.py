"""``/healthz``: whether this process reaches its database and broker; for load balancers.

Needs no sign-in, and names what does not answer without saying where that is or why.
"""

import logging
from collections.abc import Callable, Mapping

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)

_PATIENCE = 1.0  # seconds: a probe that waits longer is taken for a failure anyway


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when everything answers, else 503; the body names each part and whether it does."""
    answers = ask_everything()
    healthy = all(answers.values())
    words = {name: "ok" if answers[name] else "cannot be reached" for name in _PARTS}
    return JsonResponse(
        {"status": "ok" if healthy else "unavailable", **words}, status=200 if healthy else 503
    )


def ask_everything() -> dict[str, bool]:
    """Whether each part that a process depends on answers, by name."""
    return {name: _answers(name, ask) for name, ask in _PARTS.items()}


def _answers(name: str, ask: Callable[[], None]) -> bool:
    try:
        ask()
    except (DatabaseError, redis.RedisError) as error:
        logger.error("The %s cannot be reached: %s", name, error)
        return False
    return True


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_broker() -> None:
    url: str = settings.CELERY_BROKER_URL
    limits = {"socket_connect_timeout": _PATIENCE, "socket_timeout": _PATIENCE}
    with redis.Redis.from_url(url, **limits) as client:
        client.ping()


_PARTS: Mapping[str, Callable[[], None]] = {"database": _ask_database, "broker": _ask_broker}
