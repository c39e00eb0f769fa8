"""Addresses of judging: the live panel on a submission's page."""

from django.urls import path

from stylearena.judging import views

app_name = "judging"
urlpatterns = [
    path("submissions/<uuid:submission_id>/panel", views.panel, name="panel"),
]
