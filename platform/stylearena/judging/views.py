"""The live panel of a submission: its state, progress, reason and smoke log, for its owner."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HTMX_STOP_POLLING

from stylearena.competitions.permissions import organises
from stylearena.judging import queries
from stylearena.submissions.models import Submission


@require_safe
@never_cache
@login_required
def panel(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """A fragment that the submission's page polls; the answer to a finished one ends the polling.

    A browser without JavaScript gets it as a page of its own.

    404 for everybody but the owner and the organisers: nobody else learns that it exists.
    """
    submission = (
        Submission.objects.filter(pk=submission_id).select_related("phase__competition").first()
    )
    if submission is None or not _may_see(request, submission):
        raise Http404
    progress = queries.progress(submission)
    context = {
        "submission": submission,
        "progress": progress,
        "steps": queries.steps(submission, progress.stage),
        "smoke_log": queries.smoke_log(submission),
    }
    polled = getattr(request, "htmx", False)
    status = HTMX_STOP_POLLING if polled and not submission.is_active else 200
    template = "judging/panel.html" if polled else "judging/panel_page.html"
    return render(request, template, context, status=status)


def _may_see(request: HttpRequest, submission: Submission) -> bool:
    owns = submission.participant_id == request.user.pk
    return owns or organises(request.user, submission.phase.competition)
