"""Submissions: an entry handed to a phase, its state, and the ledger that counts it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from stylearena.competitions.models import Phase


class State(models.TextChoices):
    """queued → running → scored | failed | cancelled, plus error (ours: an operator is told)."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SCORED = "scored", "Scored"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    ERROR = "error", "Platform error"


ACTIVE_STATES = (State.QUEUED, State.RUNNING)


class Standing(models.TextChoices):
    """Whether a scored entry may stand on the board; what is set aside keeps its scores."""

    RANKED = "ranked", "On the board"
    HIDDEN = "hidden", "Hidden"
    DISQUALIFIED = "disqualified", "Disqualified"
    WITHDRAWN = "withdrawn", "Withdrawn"


def archive_path(submission: "Submission", filename: str) -> str:
    suffix = ".onnx" if filename.lower().endswith(".onnx") else ".zip"
    return f"entries/{submission.id}{suffix}"


class Submission(models.Model):
    """An entry handed to a phase. What was handed in never changes; only its state does."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="submissions")
    participant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions"
    )
    name = models.CharField(max_length=120)
    archive = models.FileField(upload_to=archive_path)
    digest = models.CharField(max_length=64, help_text="sha256 of the archive.")
    size_bytes = models.PositiveBigIntegerField()
    info = models.JSONField(default=dict, help_text="evaluator.report.EntryInfo of the entry.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason_code = models.CharField(max_length=80, blank=True)
    reason = models.TextField(blank=True)
    standing = models.CharField(max_length=12, choices=Standing.choices, default=Standing.RANKED)
    standing_reason = models.TextField(blank=True, help_text="Shown to the entry's author.")
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        help_text="Its participant, or an organiser, whose wish costs the participant nothing.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("phase", "state"), name="submission_phase_state"),
            models.Index(fields=("participant", "-created_at"), name="submission_by_person"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.get_state_display()})"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    @property
    def is_cancelled_by_organiser(self) -> bool:
        """Whether somebody other than its participant asked for its end."""
        return self.cancel_requested_by_id not in (None, self.participant_id)


class QuotaKind(models.TextChoices):
    RESERVED = "reserved", "Reserved"
    CHARGED = "charged", "Charged"
    REFUNDED = "refunded", "Refunded"


class QuotaEntry(models.Model):
    """One line of the ledger: a submission reserves once, and is then charged or refunded once.

    ``reason`` is a machine-readable code; the sentence stands on the submission.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="ledger")
    kind = models.CharField(max_length=10, choices=QuotaKind.choices)
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("created_at", "id")
        verbose_name_plural = "quota entries"
        constraints = (
            models.UniqueConstraint(fields=("submission", "kind"), name="one_ledger_line_a_kind"),
            models.UniqueConstraint(
                fields=("submission",),
                condition=~Q(kind=QuotaKind.RESERVED),
                name="one_settlement_a_submission",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="ledger_line_has_a_reason"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.submission_id}"


class QuotaAccount(models.Model):
    """The sums of one participant's ledger in one phase, and the limits they may not pass."""

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="accounts")
    participant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="quota_accounts"
    )
    used = models.PositiveIntegerField(default=0, help_text="Reserved and not refunded.")
    active = models.PositiveIntegerField(default=0, help_text="Reserved and not settled.")
    most_used = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no limit.")
    most_active = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("phase", "participant"), name="one_account_a_phase"),
            models.CheckConstraint(
                condition=Q(most_used__isnull=True) | Q(used__lte=F("most_used")),
                name="no_more_used_than_allowed",
            ),
            models.CheckConstraint(
                condition=Q(active__lte=F("most_active")), name="no_more_active_than_allowed"
            ),
        )

    def __str__(self) -> str:
        return f"Account of {self.participant_id} in phase {self.phase_id}"


class QuotaDay(models.Model):
    """What an account used on one UTC day, and the most it may."""

    account = models.ForeignKey(QuotaAccount, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    used = models.PositiveIntegerField(default=0)
    most = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "day"), name="one_row_a_day"),
            models.CheckConstraint(
                condition=Q(used__lte=F("most")), name="no_more_a_day_than_allowed"
            ),
        )

    def __str__(self) -> str:
        return f"{self.used} on {self.day}"
