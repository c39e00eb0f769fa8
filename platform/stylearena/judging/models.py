"""Evaluations, their shards and leases, and what a finished evaluation leaves behind."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone

from stylearena.competitions.models import Dataset, Phase
from stylearena.submissions.models import State, Submission


class Stage(models.TextChoices):
    SMOKE = "smoke", "Smoke run"
    FULL = "full", "Full run"


class Lane(models.TextChoices):
    """Who waits for whom: smoke runs have a lane of their own, re-scores come last."""

    SMOKE = "smoke", "Smoke runs"
    FULL = "full", "Full runs"
    RESCORE = "rescore", "Re-scores"


def report_path(evaluation: "Evaluation", filename: str) -> str:
    """A name of its own for each try: who loses the race to conclude drops its own file only."""
    return f"reports/{evaluation.submission_id}/{evaluation.pk}-{uuid4().hex[:12]}.json"


def shard_path(shard: "Shard", filename: str) -> str:
    return f"shards/{shard.evaluation_id}/{shard.index}-{shard.token}.npz"


def picture_path(picture: "GalleryPicture", filename: str) -> str:
    """A name of its own for each try: who lost the shard drops its own file only."""
    return f"gallery/{picture.evaluation_id}/{uuid4().hex[:12]}-{filename}"


class RescoreState(models.TextChoices):
    OPEN = "open", "Under way"
    PROMOTED = "promoted", "Promoted"
    DROPPED = "dropped", "Dropped"


class Rescore(models.Model):
    """Every entry of a phase judged anew under other terms, promoted or dropped as a whole."""

    phase = models.ForeignKey(Phase, on_delete=models.CASCADE, related_name="rescores")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="+")
    protocol = models.CharField(max_length=80)
    protocol_digest = models.CharField(max_length=64)
    evaluator_version = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=RescoreState.choices, default=RescoreState.OPEN)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("phase",),
                condition=models.Q(state=RescoreState.OPEN),
                name="one_open_rescore",
            ),
        )

    def __str__(self) -> str:
        return f"re-score under {self.dataset}, {self.protocol}, {self.evaluator_version}"

    @property
    def is_open(self) -> bool:
        return self.state == RescoreState.OPEN


class Evaluation(models.Model):
    """One run of a submission under (dataset digest, protocol, evaluator version)."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="evaluations")
    stage = models.CharField(max_length=5, choices=Stage.choices)
    rescore = models.ForeignKey(
        Rescore, on_delete=models.CASCADE, related_name="evaluations", null=True, blank=True
    )
    compared_with = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        help_text="Of a re-score: what stood on the board when it was queued.",
    )
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT)
    protocol = models.CharField(max_length=80)
    protocol_digest = models.CharField(max_length=64)
    evaluator_version = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason_code = models.CharField(max_length=80, blank=True)
    reason = models.TextField(blank=True)
    log = models.TextField(blank=True, help_text="Smoke runs only: held-out runs keep none.")
    faults = models.PositiveSmallIntegerField(default=0, help_text="Of ours, in its conclusion.")
    token = models.PositiveIntegerField(
        default=0, help_text="Of the lease on its conclusion, which is fenced as a shard's is."
    )
    leased_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(
        default=timezone.now, help_text="A conclusion that met a fault of ours waits until then."
    )
    is_promoted = models.BooleanField(default=False, help_text="Its scores stand on the board.")
    report = models.FileField(upload_to=report_path, blank=True)
    sandbox_rung = models.CharField(
        max_length=20, blank=True, help_text="The weakest that a shard ran at."
    )
    device = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(help_text="After this the sweeper ends it, whatever happens.")

    class Meta:
        ordering = ("created_at",)
        indexes = (models.Index(fields=("state", "deadline"), name="evaluation_state_deadline"),)
        constraints = (
            models.UniqueConstraint(
                fields=("submission", "stage"),
                condition=models.Q(rescore__isnull=True),
                name="one_evaluation_a_stage",
            ),
            models.UniqueConstraint(
                fields=("submission", "rescore"), name="one_evaluation_a_rescore"
            ),
            models.UniqueConstraint(
                fields=("submission",),
                condition=models.Q(is_promoted=True),
                name="one_promoted_evaluation",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_stage_display()} of {self.submission_id}"


class Shard(models.Model):
    """A contiguous slice of an evaluation's pairs: the unit that a worker leases.

    ``token`` is the fencing token: each claim raises it, and a writer with an old one is refused.
    """

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="shards")
    # Copied from the submission, so that the claim needs no join to find the next one.
    lane = models.CharField(max_length=7, choices=Lane.choices)
    participant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    index = models.PositiveIntegerField()
    first = models.PositiveIntegerField(help_text="Index of its first pair.")
    stop = models.PositiveIntegerField(help_text="Index after its last pair.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    token = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(
        default=timezone.now, help_text="After a fault of ours it waits until then."
    )
    worker = models.CharField(max_length=120, blank=True)
    faults = models.PositiveSmallIntegerField(default=0)
    done = models.PositiveIntegerField(default=0, help_text="Pairs finished, for the progress bar.")
    result = models.FileField(upload_to=shard_path, blank=True)
    sandbox_rung = models.CharField(max_length=20, blank=True)
    device = models.CharField(max_length=80, blank=True)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("evaluation", "index")
        indexes = (
            models.Index(fields=("state", "leased_until"), name="shard_state_lease"),
            models.Index(
                fields=("lane", "participant", "id"),
                condition=models.Q(state=State.QUEUED),
                name="shard_queue",
            ),
            models.Index(
                fields=("participant", "lane"),
                condition=models.Q(state=State.RUNNING),
                name="shard_running",
            ),
            models.Index(fields=("id",), condition=~models.Q(result=""), name="shard_kept"),
        )
        constraints = (
            models.UniqueConstraint(fields=("evaluation", "index"), name="one_shard_an_index"),
        )

    def __str__(self) -> str:
        return f"Shard {self.index} of evaluation {self.evaluation_id}"


class Turn(models.Model):
    """A participant's place in line in front of a lane; the smallest ``at`` is served first.

    ``version`` changes whenever it is touched: who takes the turn names the one they read.
    """

    lane = models.CharField(max_length=7, choices=Lane.choices)
    participant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    version = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("lane", "at")
        indexes = (models.Index(fields=("lane", "at"), name="turn_next"),)
        constraints = (
            models.UniqueConstraint(fields=("lane", "participant"), name="one_turn_a_lane"),
        )

    def __str__(self) -> str:
        return f"{self.get_lane_display()}: {self.participant_id}"


class Score(models.Model):
    """One overall value of a scored evaluation; finite, or the evaluation is not scored at all."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="scores")
    metric = models.CharField(max_length=80)
    value = models.FloatField()
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    n = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(fields=("metric", "value"), name="score_metric_value"),)
        constraints = (
            models.UniqueConstraint(fields=("evaluation", "metric"), name="one_score_a_metric"),
        )

    def __str__(self) -> str:
        return f"{self.metric} {self.value:g}"


class GalleryPicture(models.Model):
    """An output picture kept for the entry's gallery, written as its shard made it."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="gallery")
    pair = models.CharField(max_length=200)
    content = models.CharField(max_length=100)
    style = models.CharField(max_length=100)
    picture = models.FileField(upload_to=picture_path)

    class Meta:
        ordering = ("pair",)
        constraints = (
            models.UniqueConstraint(fields=("evaluation", "pair"), name="one_picture_a_pair"),
        )

    def __str__(self) -> str:
        return self.pair
