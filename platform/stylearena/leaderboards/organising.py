"""The organisers' pages of a phase: its entries and how they stand, its re-scores, its log.

Nobody else learns that they exist. Rules are in the services; here they are only called.
"""

import uuid
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from evaluator.errors import OrganiserError
from evaluator.metrics.catalogue import metric_info
from evaluator.version import __version__ as evaluator_version
from stylearena.accounts.models import User
from stylearena.competitions.audit import log_of
from stylearena.competitions.models import Phase
from stylearena.competitions.permissions import organises
from stylearena.competitions.queries import phase_or_404
from stylearena.judging.models import Rescore
from stylearena.judging.services import rescoring
from stylearena.leaderboards.differences import differences
from stylearena.leaderboards.forms import RescoreForm
from stylearena.submissions import standing
from stylearena.submissions.models import Standing, Submission

PER_PAGE = 50
_LOG_LINES = 30


@require_safe
@login_required
def organise(request: HttpRequest, competition: str, phase: str) -> HttpResponse:
    found = _own_phase_or_404(request, competition, phase)
    return _page(request, found, RescoreForm(found, _person(request)))


@require_POST
@login_required
def start_rescore(request: HttpRequest, competition: str, phase: str) -> HttpResponse:
    """Begin a re-score; a refusal is a sentence on the form."""
    found = _own_phase_or_404(request, competition, phase)
    form = RescoreForm(found, _person(request), data=request.POST)
    if form.is_valid():
        try:
            begun = rescoring.start(found, by=_person(request), **form.cleaned_data)
        except OrganiserError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The re-score is under way; the board does not move."))
            return redirect("leaderboards:rescore", begun.pk)
    return _page(request, found, form, status=422)


@require_safe
@login_required
def rescore_page(request: HttpRequest, rescore_id: int) -> HttpResponse:
    """The difference table, with the two ways to end it."""
    found = _own_rescore_or_404(request, rescore_id)
    progress = rescoring.progress_of(found)
    context = {
        "rescore": found,
        "phase": found.phase,
        "metric": metric_info(found.phase.ranking_metric),
        "progress": progress,
        "done": progress.total - progress.active,
        "may_retry": progress.errors > 0 and rescoring.takes_entries(found),
        "rows": differences(found),
    }
    return render(request, "leaderboards/rescore.html", context)


@require_POST
@login_required
def end_rescore(request: HttpRequest, rescore_id: int, act: str) -> HttpResponse:
    """Promote it, drop it, or judge again what our faults ended."""
    found = _own_rescore_or_404(request, rescore_id)
    acts: dict[str, tuple[Callable[..., object], str]] = {
        "promote": (rescoring.promote, _("Promoted: these scores stand on the board now.")),
        "drop": (rescoring.drop, _("Dropped: the board is as it was.")),
        "retry": (rescoring.retry, _("The entries that met our faults are judged again.")),
    }
    do, said = acts[act]
    try:
        do(found, by=_person(request))
    except OrganiserError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("leaderboards:rescore", found.pk)


@require_POST
@login_required
def decide_standing(request: HttpRequest, entry: uuid.UUID) -> HttpResponse:
    """Hide, disqualify or restore an entry."""
    found = Submission.objects.filter(pk=entry).select_related("phase__competition", "participant")
    submission = found.first()
    if submission is None or not organises(request.user, submission.phase.competition):
        raise Http404("There is no such entry.")
    to, reason = request.POST.get("to", ""), request.POST.get("reason", "")
    if to not in Standing.values:
        raise Http404("There is no such standing.")
    try:
        standing.decide(submission, Standing(to), by=_person(request), reason=reason)
    except OrganiserError as error:
        messages.error(request, str(error))
    else:
        words = {"name": submission.name, "standing": Standing(to).label.lower()}
        messages.success(request, _("%(name)s: %(standing)s.") % words)
    phase = submission.phase
    return redirect("leaderboards:organise", phase.competition.slug, phase.slug)


def _page(
    request: HttpRequest, phase: Phase, form: RescoreForm, *, status: int = 200
) -> HttpResponse:
    entries = phase.submissions.select_related("participant").order_by("-created_at")
    context: dict[str, Any] = {
        "phase": phase,
        "page": Paginator(entries, PER_PAGE).get_page(request.GET.get("page")),
        "rescores": phase.rescores.select_related("dataset", "started_by"),
        "form": form,
        "evaluator_version": evaluator_version,
        "log": log_of(phase.competition)[:_LOG_LINES],
    }
    return render(request, "leaderboards/organise.html", context, status=status)


def _own_phase_or_404(request: HttpRequest, competition: str, phase: str) -> Phase:
    found = phase_or_404(competition, phase, request.user)
    if not organises(request.user, found.competition):
        raise Http404("There is no such page.")
    return found


def _own_rescore_or_404(request: HttpRequest, rescore_id: int) -> Rescore:
    rows = Rescore.objects.select_related(
        "phase__competition", "phase__dataset", "dataset", "started_by", "ended_by"
    )
    found = rows.filter(pk=rescore_id).first()
    if found is None or not organises(request.user, found.phase.competition):
        raise Http404("There is no such re-score.")
    return found


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)  # login_required has seen to it
