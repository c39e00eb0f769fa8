"""How often somebody may hand in, beside the quota: a refused entry costs none, but is work.

django-allauth counts; the rates themselves stand in the settings, beside those of its own pages.
"""

from allauth.core import ratelimit
from django.http import HttpRequest

from evaluator.errors import ParticipantError

__all__ = ["seconds_to_wait", "too_often"]

# Action in ACCOUNT_RATE_LIMITS → the seconds of its window.
_WINDOWS = {"hand_in_minute": 60, "hand_in_hour": 3600}


def seconds_to_wait(request: HttpRequest) -> int:
    """Count a hand-in of the request's person; 0, or after how many seconds to try again."""
    for action, seconds in _WINDOWS.items():
        if not ratelimit.consume(request, action=action, user=request.user):
            return seconds
    return 0


def too_often(seconds: int) -> ParticipantError:
    """What somebody is told who has to wait."""
    minutes = max(1, seconds // 60)
    time = "a minute" if minutes == 1 else f"{minutes} minutes"
    return ParticipantError(
        "rate.exceeded", f"You hand in too often in a row; wait {time}, then send it again."
    )
