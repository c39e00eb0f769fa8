"""What judging leaves in storage and nobody needs any more: the files of shards.

They are put together into the report; afterwards they would only fill the store. They stay for a
while, since a worker that has lost its lease may be reading them yet.
"""

import logging
from datetime import datetime, timedelta
from itertools import takewhile

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from stylearena.judging.models import Evaluation, Shard
from stylearena.submissions.models import ACTIVE_STATES

__all__ = ["clear", "clear_now"]

log = logging.getLogger(__name__)

_KEPT = timedelta(minutes=10)
_AT_ONCE = 200


def clear(now: datetime) -> int:
    """Remove shards' files of evaluations that ended a while ago; returns how many there were."""
    ended = Evaluation.objects.exclude(state__in=ACTIVE_STATES).filter(finished_at__lt=now - _KEPT)
    return clear_now(ended)


def clear_now(evaluations: QuerySet[Evaluation], *, at_once: int = _AT_ONCE) -> int:
    """Remove up to ``at_once`` shards' files of evaluations that nobody judges any more.

    The file goes first: a row that names none is never looked at again. Two at once do no harm. A
    store that fails ends it for now.
    """
    kept = Shard.objects.exclude(result="").filter(evaluation__in=evaluations).order_by("pk")
    found = kept.values_list("pk", "result")[:at_once]
    gone = [pk for pk, _ in takewhile(lambda file: _removed(file[1]), list(found))]
    Shard.objects.filter(pk__in=gone).update(result="")
    return len(gone)


def _removed(name: str) -> bool:
    try:
        default_storage.delete(name)
    except OSError as error:
        log.warning("%s stays in storage for now: %s", name, error)
        return False
    return True
