"""Registers the submissions app."""

from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "stylearena.submissions"
    verbose_name = "Submissions"
