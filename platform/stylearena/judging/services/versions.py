"""Which evaluator goes on with an evaluation: numbers of two versions never stand in one report.

It runs to its end under the version that began it, as long as workers of that version hold a part
of it. After an upgrade none do: a newer worker then judges it anew, from its first shard. An older
one never does, so that two versions at once do not take it from each other for ever.
"""

import logging
from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from packaging.version import InvalidVersion, Version

from evaluator.version import __version__ as evaluator_version
from stylearena.judging import messages
from stylearena.judging.models import Evaluation, Shard
from stylearena.judging.services import line, stages
from stylearena.submissions.models import State

log = logging.getLogger(__name__)


def is_ours(evaluation: Evaluation) -> bool:
    """Whether workers of this version may go on with it; whoever begins one pins the version."""
    return evaluation.state == State.QUEUED or evaluation.evaluator_version == evaluator_version


def out_of_reach() -> list[int]:
    """The evaluations under way that only workers of another version can go on with."""
    held = set(_foreign().filter(_held()).values_list("pk", flat=True))
    found = _foreign().values_list("pk", "evaluator_version")
    return [pk for pk, version in found if pk in held or not _is_older(version)]


def take_over(evaluation: Evaluation) -> bool:
    """Judge anew what an older version began and nobody holds any more; False if it is not so."""
    version = evaluation.evaluator_version
    if not _is_older(version):
        return False
    with transaction.atomic():
        stages.lock(evaluation.pk)
        theirs = _foreign().filter(pk=evaluation.pk, evaluator_version=version)
        if not theirs.exists() or theirs.filter(_held()).exists():
            return False
        log.warning(
            "Evaluation %s was begun by evaluator %s, whose workers are gone: judged anew by %s",
            evaluation.pk,
            version,
            evaluator_version,
        )
        Evaluation.objects.filter(pk=evaluation.pk).update(
            evaluator_version=evaluator_version,
            token=F("token") + 1,
            leased_until=None,
            started_at=timezone.now(),
            deadline=stages.running_deadline(evaluation),
        )
        _queue_anew(evaluation.pk)
    return True


def _queue_anew(evaluation_id: int) -> None:
    """Every shard once more; the raised tokens refuse whoever comes back from the old version."""
    shards = Shard.objects.filter(evaluation=evaluation_id)
    begun = list(shards.exclude(state=State.QUEUED).order_by("index"))  # the rest is hinted at
    shards.update(
        state=State.QUEUED,
        token=F("token") + 1,
        result="",
        done=0,
        worker="",
        sandbox_rung="",
        device="",
        leased_until=None,
        started_at=None,
        finished_at=None,
        queued_at=timezone.now(),
    )
    for shard in begun:
        line.line_up(shard.lane, shard.participant_id)
        messages.judge(shard.pk, shard.lane)
        if shard.result.name:
            transaction.on_commit(partial(default_storage.delete, shard.result.name))


def _foreign() -> QuerySet[Evaluation]:
    """What other versions have begun and not ended."""
    running = Evaluation.objects.filter(state=State.RUNNING).order_by()
    return running.exclude(evaluator_version=evaluator_version)


def _held() -> Q:
    """Evaluations of which a worker has a shard or the conclusion in hand."""
    now = timezone.now()
    shards = Shard.objects.filter(state=State.RUNNING, leased_until__gte=now)
    return Q(Exists(shards.filter(evaluation=OuterRef("pk")))) | Q(leased_until__gte=now)


def _is_older(version: str) -> bool:
    """A version that cannot be read is left to those who know it."""
    try:
        return Version(version) < Version(evaluator_version)
    except InvalidVersion:
        return False
