"""Competitions, their phases, and the datasets they are judged on."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Dataset(models.Model):
    """A dataset folder the platform knows; its digest was computed here, not taken on trust."""

    name = models.SlugField(max_length=80)
    version = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, unique=True)
    folder = models.CharField(
        max_length=400, help_text="Absolute, or relative to STYLEARENA_DATASETS_DIR."
    )
    contents = models.PositiveIntegerField()
    styles = models.PositiveIntegerField()
    pairs = models.PositiveIntegerField()
    reference_pictures = models.PositiveIntegerField(
        null=True, help_text="Unknown of datasets that were registered before it was counted."
    )
    families = models.JSONField(default=list)
    is_public = models.BooleanField(
        default=False, help_text="Its pictures may be shown and downloaded by anybody."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name", "version")
        constraints = (
            models.UniqueConstraint(fields=("name", "version"), name="one_dataset_version"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Competition(models.Model):
    """What an organiser publishes: a task in words, with one or more phases."""

    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    tagline = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True, help_text="Markdown.")
    rules = models.TextField(blank=True, help_text="Markdown.")
    organiser = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="organised"
    )
    is_published = models.BooleanField(
        "published", default=False, help_text="Everybody sees it; until then it is a draft."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.title


class Visibility(models.TextChoices):
    OPEN = "open", "Scores and pictures"
    SCORES = "scores", "Scores only"
    HIDDEN = "hidden", "Nothing until the phase closes"


class Sandbox(models.TextChoices):
    """What a phase can demand, best first; a plain process is nothing to demand."""

    BUBBLEWRAP = "bubblewrap", "Full confinement (bubblewrap)"
    UNSHARE = "unshare", "Namespaces by our own launcher"
    LANDLOCK = "landlock", "Landlock, for ONNX entries only"


class Phase(models.Model):
    """A part of a competition with its own dataset, protocol, limits and board.

    Dataset, protocol, ranking metric and limits are frozen when it opens (``frozen_at``).
    """

    competition = models.ForeignKey(Competition, on_delete=models.CASCADE, related_name="phases")
    slug = models.SlugField(max_length=80)
    title = models.CharField(max_length=200)
    order = models.PositiveSmallIntegerField(
        default=0, help_text="Where it stands among the phases; the smallest number comes first."
    )
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="phases")
    smoke_dataset = models.ForeignKey(
        Dataset,
        on_delete=models.PROTECT,
        related_name="smoke_phases",
        help_text="Public; two of its pairs are run first, with full logs for the participant.",
    )
    protocol = models.CharField(max_length=80)
    protocol_digest = models.CharField(max_length=64)
    ranking_metric = models.CharField(max_length=80, default="total_loss")
    visibility = models.CharField(
        max_length=10, choices=Visibility.choices, default=Visibility.SCORES
    )
    opens_at = models.DateTimeField(default=timezone.now)
    closes_at = models.DateTimeField(null=True, blank=True, help_text="Empty: stays open.")
    frozen_at = models.DateTimeField(null=True, blank=True, editable=False)
    board_version = models.UUIDField(default=uuid.uuid4, editable=False)

    per_day = models.PositiveIntegerField(default=5, validators=[MinValueValidator(1)])
    in_total = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Empty: no limit."
    )
    at_once = models.PositiveIntegerField(default=2, validators=[MinValueValidator(1)])
    archive_bytes = models.PositiveBigIntegerField(default=200 << 20)
    unpacked_bytes = models.PositiveBigIntegerField(default=1 << 30)
    memory_bytes = models.PositiveBigIntegerField(default=4 << 30)
    scratch_bytes = models.PositiveBigIntegerField(default=256 << 20)
    processes = models.PositiveIntegerField(
        default=64, validators=[MinValueValidator(1), MaxValueValidator(4096)]
    )
    pair_seconds = models.FloatField(default=30.0, validators=[MinValueValidator(0.1)])
    wall_seconds = models.FloatField(
        default=1800.0,
        validators=[MinValueValidator(1.0)],
        help_text="For the whole run; a shard gets its share, and the time to load the entry.",
    )
    sandbox = models.CharField(
        max_length=20,
        blank=True,
        choices=Sandbox.choices,
        help_text="The weakest sandbox that entries may be run in. Empty: what the workers have.",
    )
    shard_pairs = models.PositiveIntegerField(default=64, validators=[MinValueValidator(1)])

    class Meta:
        ordering = ("competition", "order", "opens_at")
        constraints = (
            models.UniqueConstraint(fields=("competition", "slug"), name="one_phase_slug"),
            models.CheckConstraint(
                condition=Q(closes_at__isnull=True) | Q(closes_at__gt=F("opens_at")),
                name="phase_closes_after_it_opens",
                violation_error_message="A phase must close after it opens; correct the dates.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.competition}: {self.title}"

    def is_open(self) -> bool:
        now = timezone.now()
        return self.opens_at <= now and (self.closes_at is None or now < self.closes_at)

    def shows_scores(self) -> bool:
        """Scores are public now: always, except for a hidden phase that has not closed."""
        closed = self.closes_at is not None and self.closes_at <= timezone.now()
        return self.visibility != Visibility.HIDDEN or closed

    def shows_pictures(self) -> bool:
        return self.visibility == Visibility.OPEN


class AuditEntry(models.Model):
    """Something an organiser did to a competition; added to, never changed."""

    competition = models.ForeignKey(Competition, on_delete=models.CASCADE, related_name="audit_log")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    act = models.CharField(max_length=60, help_text="Dotted code, such as entry.disqualified.")
    subject = models.CharField(max_length=300)
    detail = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "audit entries"
        indexes = (models.Index(fields=("competition", "-created_at"), name="audit_newest"),)

    def __str__(self) -> str:
        return f"{self.act}: {self.subject}"
