"""Everything the site reads about submissions."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import F, Max, Q, QuerySet, Sum
from django.http import Http404

from stylearena.accounts.models import User
from stylearena.competitions.models import Phase
from stylearena.competitions.permissions import organised_by
from stylearena.submissions import quota as ledger
from stylearena.submissions.models import ACTIVE_STATES, Submission
from stylearena.submissions.quota import Quota

__all__ = ["Quota", "mine", "quota", "submission_or_404", "visible_to"]


def quota(phase: Phase, participant: User) -> Quota:
    """What the participant may still hand in to the phase."""
    return ledger.count(phase, participant)


def mine(participant: User) -> QuerySet[Submission]:
    """The participant's own submissions, newest first, with their progress while they are judged.

    ``pairs_done`` of ``pairs_total`` in the ``stage`` that runs or waits; None where there is none.
    They are exact, which the participant may not always know: judging's filter ``told`` says them.
    """
    active = Q(evaluations__state__in=ACTIVE_STATES)
    shard_pairs = F("evaluations__shards__stop") - F("evaluations__shards__first")
    return _complete(Submission.objects.filter(participant=participant)).annotate(
        stage=Max("evaluations__stage", filter=active),
        pairs_done=Sum("evaluations__shards__done", filter=active),
        pairs_total=Sum(shard_pairs, filter=active),
    )


def visible_to(visitor: User | AnonymousUser) -> QuerySet[Submission]:
    """Submissions whose page the visitor may open: their own, and those they are organisers of."""
    if not isinstance(visitor, User):
        return Submission.objects.none()
    organised = organised_by(visitor, "phase__competition__")
    return _complete(Submission.objects.filter(Q(participant=visitor) | organised))


def submission_or_404(submission_id: UUID, visitor: User | AnonymousUser) -> Submission:
    """That submission if the visitor may open its page; Http404 otherwise."""
    submission = visible_to(visitor).filter(pk=submission_id).first()
    if submission is None:
        raise Http404("There is no such submission.")
    return submission


def _complete(submissions: QuerySet[Submission]) -> QuerySet[Submission]:
    return submissions.select_related("phase__competition", "participant").order_by("-created_at")
