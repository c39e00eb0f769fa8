"""The operators' page, and what Prometheus scrapes. Both are closed to the public."""

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from stylearena.operations import queries
from stylearena.operations.metrics import registry


@require_safe
@never_cache
@staff_member_required
def page(request: HttpRequest) -> HttpResponse:
    """The platform now; its tables alone when htmx asks for them again."""
    partial = bool(getattr(request, "htmx", False))
    template = "operations/_tables.html" if partial else "operations/status.html"
    return render(request, template, {"status": queries.status()})


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Requests of this site and gauges of judging; 404 without the token, or being staff."""
    if not (_has_token(request) or _is_staff(request)):
        raise Http404
    requests: bytes = ExportToDjangoView(request).content
    return HttpResponse(requests + generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest) -> bool:
    token: str = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    return bool(token) and constant_time_compare(given, f"Bearer {token}")


def _is_staff(request: HttpRequest) -> bool:
    return request.user.is_active and getattr(request.user, "is_staff", False)
