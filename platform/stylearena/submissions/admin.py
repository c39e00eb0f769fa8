"""Submissions for organisers: to look at and to cancel, never to change."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from stylearena.accounts.models import User
from stylearena.competitions.models import Phase
from stylearena.competitions.organiser_access import OrganiserAdmin, OrganiserInline
from stylearena.submissions import services
from stylearena.submissions.models import QuotaEntry, Submission


class LedgerInline(OrganiserInline):
    model = QuotaEntry
    fields = ("kind", "reason", "created_at")
    readonly_fields = fields
    verbose_name_plural = _("quota")


class PhaseFilter(admin.SimpleListFilter):
    """The phases that have submissions here, each named with its competition in one query."""

    title = _("phase")
    parameter_name = "phase"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]"
    ) -> list[tuple[str, str]]:
        here = model_admin.get_queryset(request).order_by().values("phase")
        phases = Phase.objects.filter(pk__in=here).select_related("competition")
        return [(str(phase.pk), str(phase)) for phase in phases]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Submission]
    ) -> QuerySet[Submission]:
        value = self.value()
        return queryset.filter(phase=int(value)) if value and value.isdecimal() else queryset


@admin.register(Submission)
class SubmissionAdmin(OrganiserAdmin):
    competition_path = "phase__competition__"
    list_display = (
        "name",
        "participant",
        "phase",
        "state",
        "standing",
        "reason_code",
        "created_at",
        "on_site",
    )
    list_filter = (
        "state",
        "standing",
        ("phase__competition", RelatedOnlyFieldListFilter),
        PhaseFilter,
        "created_at",
    )
    list_select_related = ("participant", "phase__competition")
    search_fields = ("name", "digest", "participant__username", "participant__display_name", "id")
    search_help_text = _("Name, digest or id of the entry, or its participant")
    date_hierarchy = "created_at"
    inlines = (LedgerInline,)
    actions = ("cancel_selected",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Submission | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Submission | None = None) -> bool:
        return False

    @admin.display(description=_("on the site"))
    def on_site(self, submission: Submission) -> str:
        url = reverse("submissions:detail", args=[submission.pk])
        return format_html('<a href="{}">{}</a>', url, _("page"))

    @admin.action(description=_("Cancel the selected submissions"), permissions=["cancel"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        by = cast("User", request.user)
        own = queryset.filter(self.own(request))  # a permission to look is not one to cancel
        chosen = own.select_related("phase__competition", "participant")
        asked = [services.cancel(submission, by=by) for submission in chosen]
        number, finished = sum(asked), asked.count(False)
        text = ngettext("%d submission is cancelled.", "%d submissions are cancelled.", number)
        self.message_user(request, text % number, messages.SUCCESS if number else messages.INFO)
        if finished:
            text = ngettext("%d had already ended.", "%d had already ended.", finished)
            self.message_user(request, text % finished, messages.INFO)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return True  # every organiser, of their own rows
