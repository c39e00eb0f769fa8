"""The answer to whoever asks too often: a page of ours, with the time to wait for machines."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

_SECONDS = 60  # the rates of log-in and sign-up count by the minute


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Status 429; django-allauth calls it as the site's ``handler429``."""
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(_SECONDS)
    return response
