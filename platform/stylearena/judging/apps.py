"""Registers the judging app, and the check that a starting worker must pass."""

from django.apps import AppConfig


class JudgingConfig(AppConfig):
    name = "stylearena.judging"
    verbose_name = "Judging"

    def ready(self) -> None:
        from celery.signals import worker_init

        from stylearena.judging import confinement

        worker_init.connect(confinement.on_worker_init)
