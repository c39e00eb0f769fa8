"""The worker processes that have told that they are there."""

from django.db import models
from django.utils import timezone


class WorkerProcess(models.Model):
    """A judging worker: where it runs and on what; it renews ``seen_at`` while it lives."""

    name = models.CharField(max_length=120, unique=True, help_text="As leases call it.")
    device = models.CharField(max_length=80)
    device_title = models.CharField(max_length=200, blank=True)
    device_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    evaluator_version = models.CharField(max_length=40)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "worker processes"

    def __str__(self) -> str:
        return self.name
