"""Judging in the admin: everything to look at, nothing to edit (a verdict is not typed by hand)."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from stylearena.judging.models import Evaluation, GalleryPicture, Score, Shard

if TYPE_CHECKING:  # Django's own classes cannot be subscripted when they run
    ShardRows = admin.TabularInline[Shard, Evaluation]
    ScoreRows = admin.TabularInline[Score, Evaluation]
    EvaluationPages = admin.ModelAdmin[Evaluation]
    ShardPages = admin.ModelAdmin[Shard]
    PicturePages = admin.ModelAdmin[GalleryPicture]
else:
    ShardRows = ScoreRows = admin.TabularInline
    EvaluationPages = ShardPages = PicturePages = admin.ModelAdmin


class _ReadOnly:
    """Rows are made and changed by the workers alone."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ShardInline(_ReadOnly, ShardRows):
    model = Shard
    fields = ("index", "first", "stop", "state", "done", "faults", "worker", "leased_until")
    extra = 0


class ScoreInline(_ReadOnly, ScoreRows):
    model = Score
    fields = ("metric", "value", "low", "high", "n")
    extra = 0


@admin.register(Evaluation)
class EvaluationAdmin(_ReadOnly, EvaluationPages):
    """Where an operator looks first: state, faults and leases of every run."""

    list_display = (
        "__str__",
        "state",
        "reason_code",
        "faults",
        "is_promoted",
        "sandbox_rung",
        "device",
        "created_at",
        "finished_at",
        "deadline",
    )
    list_filter = ("state", "stage", "is_promoted", "sandbox_rung", "dataset", "protocol")
    search_fields = ("submission__id", "submission__name", "submission__participant__username")
    list_select_related = ("submission",)
    date_hierarchy = "created_at"
    inlines = (ShardInline, ScoreInline)


@admin.register(Shard)
class ShardAdmin(_ReadOnly, ShardPages):
    """The queue and the leases."""

    list_display = ("__str__", "state", "done", "faults", "token", "worker", "leased_until")
    list_filter = ("state", "worker")
    list_select_related = ("evaluation",)


@admin.register(GalleryPicture)
class GalleryPictureAdmin(_ReadOnly, PicturePages):
    list_display = ("pair", "evaluation", "picture")
    list_select_related = ("evaluation",)
    search_fields = ("pair",)
