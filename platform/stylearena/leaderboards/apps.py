"""Registers the leaderboards app."""

from django.apps import AppConfig


class LeaderboardsConfig(AppConfig):
    name = "stylearena.leaderboards"
    verbose_name = "Leaderboards"
