"""Registers the competitions app."""

from django.apps import AppConfig


class CompetitionsConfig(AppConfig):
    name = "stylearena.competitions"
    verbose_name = "Competitions"
