"""Addresses of the submissions app."""

from django.urls import path

from stylearena.submissions import views

app_name = "submissions"
urlpatterns = [
    path("competitions/<slug:slug>/<slug:phase_slug>/submit/", views.new, name="new"),
    path("submissions/", views.mine, name="mine"),
    path("submissions/<uuid:submission_id>/", views.detail, name="detail"),
    path("submissions/<uuid:submission_id>/cancel/", views.cancel, name="cancel"),
    path("submissions/<uuid:submission_id>/withdraw/", views.withdraw, name="withdraw"),
]
