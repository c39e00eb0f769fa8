"""Where each address of the site leads."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from stylearena.api.v1 import api
from stylearena.health import healthz

handler429 = "stylearena.refusals.too_many_requests"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("stylearena.competitions.urls")),
    path("", include("stylearena.submissions.urls")),
    path("", include("stylearena.judging.urls")),
    path("", include("stylearena.leaderboards.urls")),
    path("", include("stylearena.operations.urls")),
    path("accounts/", include("stylearena.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", api.urls),
    path("admin/", admin.site.urls),
    path("healthz", healthz),
]
