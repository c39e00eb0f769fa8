"""The pages of submissions: hand in, list, look, cancel. The rules live in ``services``."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from evaluator.errors import ParticipantError
from stylearena.accounts import rates
from stylearena.accounts.models import User
from stylearena.competitions.models import Phase
from stylearena.competitions.presentation import limits_in_words
from stylearena.competitions.queries import phase_or_404
from stylearena.submissions import intake, presentation, queries, services, standing
from stylearena.submissions.forms import SubmissionForm
from stylearena.submissions.models import Submission
from stylearena.submissions.uploads import LimitedUpload, limit_upload

PER_PAGE = 25


@login_required
@csrf_exempt  # the token stands in the body, which must not be read before these checks
def new(request: HttpRequest, slug: str, phase_slug: str) -> HttpResponse:
    """The hand-in form; posted, it answers with the static checks' verdict at once."""
    phase = phase_or_404(slug, phase_slug, _person(request))
    if request.method != "POST":
        return _form_page(request, phase, SubmissionForm(), status=200)
    upload = limit_upload(request, phase.archive_bytes)
    if upload.is_too_large:
        return _too_large(request, phase)
    if wait := rates.seconds_to_wait(request):
        response = _refused(request, phase, rates.too_often(wait), status=429)
        response["Retry-After"] = str(wait)
        return response
    return _receive(request, phase, upload)


@csrf_protect
def _receive(request: HttpRequest, phase: Phase, upload: LimitedUpload) -> HttpResponse:
    """Read the form, file and all, and hand in what it holds."""
    form = SubmissionForm(request.POST, request.FILES)
    if upload.is_too_large:
        return _too_large(request, phase)
    if form.is_valid():
        submission = _hand_in(form, phase, _person(request))
        if submission is not None:
            messages.success(request, _("Your entry passed the static checks and is queued."))
            return _go_to(request, submission)
    return _form_page(request, phase, form, status=422)


def _too_large(request: HttpRequest, phase: Phase) -> HttpResponse:
    return _refused(request, phase, intake.too_large(phase.archive_bytes), status=413)


def _refused(
    request: HttpRequest, phase: Phase, error: ParticipantError, *, status: int
) -> HttpResponse:
    """The form with a refusal, of a request whose body was not read."""
    return _form_page(request, phase, SubmissionForm.refused(error), status=status)


def _form_page(
    request: HttpRequest, phase: Phase, form: SubmissionForm, *, status: int
) -> HttpResponse:
    context = {"form": form, **_standing(phase, _person(request))}
    return render(request, "submissions/new.html", context, status=status)


@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """The participant's submissions; the table alone when htmx asks for it again."""
    page = Paginator(queries.mine(_person(request)), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "is_live": any(submission.is_active for submission in page)}
    partial = bool(getattr(request, "htmx", False))
    template = "submissions/partials/table.html" if partial else "submissions/mine.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@login_required
def detail(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    submission = queries.submission_or_404(submission_id, request.user)
    context = {
        "submission": submission,
        "runtime": presentation.runtime_in_words(submission),
        "facts": presentation.manifest_facts(submission),
    }
    return render(request, "submissions/detail.html", context)


@login_required
@require_POST
def cancel(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    submission = queries.submission_or_404(submission_id, request.user)
    if services.cancel(submission, by=_person(request)):
        messages.success(request, _("The submission is being cancelled."))
    else:
        messages.info(request, _("The submission has already finished."))
    if request.POST.get("back_to") == "mine":
        return redirect("submissions:mine")
    return redirect("submissions:detail", submission.pk)


@login_required
@require_POST
def withdraw(request: HttpRequest, submission_id: UUID) -> HttpResponse:
    """Its author takes a scored entry off the board, for good."""
    submission = queries.submission_or_404(submission_id, request.user)
    try:
        if standing.withdraw(submission, by=_person(request)):
            messages.success(request, _("The entry is withdrawn; it is on the board no more."))
        else:
            messages.info(request, _("The entry is off the board already."))
    except ParticipantError as error:
        messages.error(request, str(error))
    return redirect("submissions:detail", submission.pk)


def _hand_in(form: SubmissionForm, phase: Phase, person: User) -> Submission | None:
    """Hand in the form's file; None, with the verdict on the form, if it is refused."""
    upload = form.cleaned_data["entry"]
    try:
        return services.submit(phase=phase, participant=person, upload=upload, filename=upload.name)
    except ParticipantError as error:
        form.refuse(error)
        return None


def _standing(phase: Phase, person: User) -> dict[str, Any]:
    """What the page says of the phase and of what this person may still hand in to it."""
    quota = queries.quota(phase, person)
    closed_reason = intake.closed_reason(phase)
    return {
        "phase": phase,
        "quota": quota,
        "limits": limits_in_words(phase),
        "closed_reason": closed_reason,
        "is_open": not closed_reason,
        "can_submit": not closed_reason and not quota.refusal,
    }


def _go_to(request: HttpRequest, submission: Submission) -> HttpResponse:
    """To the submission's page; htmx, which sent the form to show progress, goes as a browser."""
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(reverse("submissions:detail", args=[submission.pk]))
    return redirect("submissions:detail", submission.pk)


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)  # login_required has seen to it
