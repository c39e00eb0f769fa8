"""Registers the api app."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "stylearena.api"
    verbose_name = "API"
