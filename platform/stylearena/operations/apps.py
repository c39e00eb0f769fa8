"""Registers operations, and has each worker tell that it is there."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "stylearena.operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        from celery.signals import worker_ready, worker_shutdown

        from stylearena.operations import presence

        worker_ready.connect(presence.on_worker_ready)
        worker_shutdown.connect(presence.on_worker_shutdown)
