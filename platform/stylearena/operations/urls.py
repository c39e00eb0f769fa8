"""Addresses of operations."""

from django.urls import path

from stylearena.operations import views

app_name = "operations"
urlpatterns = [
    path("operations/", views.page, name="status"),
    path("metrics", views.metrics, name="metrics"),
]
