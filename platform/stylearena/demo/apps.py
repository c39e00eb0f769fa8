"""Registers the demo app."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "stylearena.demo"
    verbose_name = "Demo"
