"""Competitions for organisers. What a phase has frozen cannot be changed here either."""

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin import RelatedOnlyFieldListFilter
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from stylearena.accounts.models import User
from stylearena.competitions import services
from stylearena.competitions.forms import CompetitionForm, DatasetForm, PhaseForm
from stylearena.competitions.models import AuditEntry, Competition, Dataset, Phase
from stylearena.competitions.organiser_access import OrganiserAdmin, OrganiserInline
from stylearena.competitions.permissions import organises_all, owns_dataset, usable_by
from stylearena.competitions.presentation import limits_in_words, status_of


class PhaseInline(OrganiserInline):
    """The phases at a glance; each is changed on its own page."""

    model = Phase
    fields = ("order", "title", "slug", "opens_at", "closes_at", "visibility", "frozen_at")
    readonly_fields = fields
    show_change_link = True


@admin.register(Competition)
class CompetitionAdmin(OrganiserAdmin):
    form = CompetitionForm
    list_display = ("title", "is_published", "organiser", "phase_count", "created_at", "on_site")
    list_filter = ("is_published", ("organiser", RelatedOnlyFieldListFilter), "created_at")
    list_select_related = ("organiser",)
    search_fields = ("title", "slug", "tagline", "organiser__username")
    search_help_text = _("Title, short name, tagline or organiser")
    date_hierarchy = "created_at"
    autocomplete_fields = ("organiser",)
    inlines = (PhaseInline,)
    actions = ("publish", "unpublish")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Competition]:
        rows: QuerySet[Competition] = super().get_queryset(request)
        return rows.annotate(phases_counted=Count("phases")).order_by("-created_at", "-pk")

    def get_inlines(self, request: HttpRequest, obj: Competition | None) -> Any:
        return self.inlines if obj else ()  # its phases come after it

    def get_fields(
        self, request: HttpRequest, obj: Competition | None = None
    ) -> tuple[str | list[str] | tuple[str, ...], ...]:
        """Only those who may change every competition hand one over to somebody else."""
        organiser = ("organiser",) if organises_all(request.user) else ()
        links = ("next_steps",) if obj else ()
        texts = ("title", "slug", "tagline", "description", "rules")
        return (*texts, *organiser, "is_published", *links)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Competition | None = None
    ) -> tuple[str, ...]:
        """The address of a public page stays."""
        return ("slug", "next_steps") if obj and obj.is_published else ("next_steps",)

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: Competition | None = None
    ) -> dict[str, Sequence[str]]:
        return {} if obj and obj.is_published else {"slug": ("title",)}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str | list[str]]:
        return {"organiser": str(request.user.pk), **super().get_changeform_initial_data(request)}

    def save_model(
        self, request: HttpRequest, obj: Competition, form: "ModelForm[Competition]", change: bool
    ) -> None:
        if not change and not organises_all(request.user):
            obj.organiser = cast("User", request.user)
        super().save_model(request, obj, form, change)
        services.freeze_opened()  # it may have been published just now

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What the public has taken part in is hidden by unpublishing, never removed."""
        opened = obj is not None and obj.phases.filter(frozen_at__isnull=False).exists()
        return not opened and super().has_delete_permission(request, obj)

    @admin.display(description=_("phases"), ordering="phases_counted")
    def phase_count(self, competition: Any) -> int:
        return int(competition.phases_counted)

    @admin.display(description=_("on the site"))
    def on_site(self, competition: Competition) -> str:
        url = reverse("competitions:detail", args=[competition.slug])
        return format_html('<a href="{}">{}</a>', url, _("page"))

    @admin.display(description=_("Next"))
    def next_steps(self, competition: Competition) -> str:
        """Where to go from here: the page as visitors see it, and another phase."""
        page = reverse("competitions:detail", args=[competition.slug])
        phase = f"{reverse('admin:competitions_phase_add')}?competition={competition.pk}"
        links = ((page, _("See the page")), (phase, _("Add a phase")))
        return format_html_join(" · ", '<a href="{}">{}</a>', links)

    @admin.action(description=_("Publish the selected competitions"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Competition]) -> None:
        empty = queryset.filter(phases__isnull=True, is_published=False).count()
        before = dict(queryset.values_list("pk", "is_published"))
        number = services.publish(queryset)
        self.record_moved(request, before, "is_published", "competition.published")
        text = ngettext("%d competition is public now.", "%d competitions are public now.", number)
        self.message_user(request, text % number, messages.SUCCESS if number else messages.INFO)
        if empty:
            self.message_user(request, _PHASE_FIRST, messages.WARNING)

    @admin.action(description=_("Unpublish the selected competitions"), permissions=["change"])
    def unpublish(self, request: HttpRequest, queryset: QuerySet[Competition]) -> None:
        before = dict(queryset.values_list("pk", "is_published"))
        number = services.unpublish(queryset)
        self.record_moved(request, before, "is_published", "competition.unpublished")
        text = ngettext("%d competition is hidden now.", "%d competitions are hidden now.", number)
        self.message_user(request, text % number, messages.SUCCESS)


_PHASE_FIRST = _("A competition without a phase stays a draft: add a phase, then publish it.")


@admin.register(Phase)
class PhaseAdmin(OrganiserAdmin):
    competition_path = "competition__"
    form = PhaseForm
    list_display = (
        "title",
        "competition",
        "status",
        "opens_at",
        "closes_at",
        "frozen",
        "board",
    )
    list_filter = (
        ("competition", RelatedOnlyFieldListFilter),
        "visibility",
        "protocol",
        "closes_at",
    )
    list_select_related = ("competition",)
    search_fields = ("title", "slug", "competition__title", "competition__slug")
    search_help_text = _("Title or short name of the phase or its competition")
    autocomplete_fields = ("competition", "dataset", "smoke_dataset")
    prepopulated_fields: ClassVar = {"slug": ("title",)}
    actions = ("open_now", "close_now")

    def get_fieldsets(self, request: HttpRequest, obj: Phase | None = None) -> Any:
        limits = (
            (_("Limits"), {"fields": ("limits", "shard_pairs")})
            if self._is_frozen(obj)
            else (_("How much a participant may hand in"), {"fields": _QUOTA}),
        )
        may_use = () if self._is_frozen(obj) else ((_("What an entry may use"), {"fields": _ROOM}),)
        return (
            (None, {"fields": ("competition", "title", "slug", "order")}),
            (_("When"), {"fields": ("opens_at", "closes_at", "frozen_at")}),
            (_("What is measured"), {"fields": _MEASURED}),
            *limits,
            *may_use,
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Phase | None = None) -> list[str]:
        always = ["frozen_at", "protocol_digest", "limits"]
        return [*always, "competition", *services.FROZEN_FIELDS] if self._is_frozen(obj) else always

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: Phase | None = None
    ) -> dict[str, Sequence[str]]:
        return {} if self._is_frozen(obj) else {"slug": ("title",)}

    def get_form(
        self, request: HttpRequest, obj: Phase | None = None, change: bool = False, **kwargs: Any
    ) -> "type[ModelForm[Phase]]":
        if obj is not None:
            services.freeze(obj)  # the page must show what holds from now on
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: Phase, form: "ModelForm[Phase]", change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        services.freeze(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self._is_frozen(obj) and super().has_delete_permission(request, obj)

    @admin.display(description=_("status"))
    def status(self, phase: Phase) -> str:
        return status_of(phase).words

    @admin.display(description=_("frozen"), boolean=True)
    def frozen(self, phase: Phase) -> bool:
        return services.is_frozen(phase)

    @admin.display(description=_("board"))
    def board(self, phase: Phase) -> str:
        url = reverse("leaderboards:board", args=[phase.competition.slug, phase.slug])
        return format_html('<a href="{}">{}</a>', url, _("board"))

    @admin.display(description=_("In words"))
    def limits(self, phase: Phase) -> str:
        return format_html_join("", "{}: {}<br>", limits_in_words(phase))

    @admin.action(description=_("Open the selected phases now"), permissions=["change"])
    def open_now(self, request: HttpRequest, queryset: QuerySet[Phase]) -> None:
        before = dict(queryset.values_list("pk", "opens_at"))
        number = services.open_now(queryset)
        self.record_moved(request, before, "opens_at", "phase.opened_early")
        text = ngettext("%d phase is open now.", "%d phases are open now.", number)
        self.message_user(request, text % number, messages.SUCCESS if number else messages.INFO)

    @admin.action(description=_("Close the selected phases now"), permissions=["change"])
    def close_now(self, request: HttpRequest, queryset: QuerySet[Phase]) -> HttpResponse | None:
        """Asks first: a phase that has ended does not open again."""
        open_phases = services.closable(queryset)
        if open_phases and "confirmed" not in request.POST:
            context = {
                **self.admin_site.each_context(request),
                "title": _("Close these phases for good?"),
                "phases": open_phases,
                "opts": self.opts,
            }
            return TemplateResponse(request, "admin/competitions/phase/close.html", context)
        before = dict(queryset.values_list("pk", "closes_at"))
        number = services.close_now(queryset)
        self.record_moved(request, before, "closes_at", "phase.closed_early")
        text = ngettext("%d phase is closed now.", "%d phases are closed now.", number)
        self.message_user(request, text % number, messages.SUCCESS if number else messages.INFO)
        return None

    @staticmethod
    def _is_frozen(obj: Phase | None) -> bool:
        return obj is not None and services.is_frozen(obj)


_MEASURED = (
    "dataset",
    "smoke_dataset",
    "protocol",
    "protocol_digest",
    "ranking_metric",
    "visibility",
)
_QUOTA = ("per_day", "in_total", "at_once")
_ROOM = (
    "archive_bytes",
    "unpacked_bytes",
    "memory_bytes",
    "scratch_bytes",
    "processes",
    "pair_seconds",
    "wall_seconds",
    "sandbox",
    "shard_pairs",
)


@admin.register(AuditEntry)
class AuditEntryAdmin(OrganiserAdmin):
    """What organisers did, to look at; nobody writes or mends a log by hand."""

    competition_path = "competition__"
    list_display = ("created_at", "competition", "by", "act", "subject", "detail")
    list_filter = (("competition", RelatedOnlyFieldListFilter), "act", "created_at")
    list_select_related = ("competition", "by")
    search_fields = ("subject", "detail", "by__username")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Dataset)
class DatasetAdmin(OrganiserAdmin):
    """Datasets come in by ``import_competition``; here they are looked at, opened and closed."""

    form = DatasetForm
    list_display = ("title", "name", "version", "contents", "styles", "pairs", "is_public")
    list_filter = ("is_public", "created_at")
    search_fields = ("name", "title", "digest")
    search_help_text = _("Name, title or digest")
    fields = (
        "title",
        "name",
        "version",
        "digest",
        "folder",
        "contents",
        "styles",
        "pairs",
        "families",
        "is_public",
        "created_at",
    )
    readonly_fields = tuple(name for name in fields if name not in ("title", "is_public"))

    def own(self, request: HttpRequest) -> Q:
        return usable_by(request.user)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Dataset], search_term: str
    ) -> tuple[QuerySet[Dataset], bool]:
        """A phase's smoke dataset is suggested from the public ones alone."""
        if request.GET.get("field_name") == "smoke_dataset":
            queryset = queryset.filter(is_public=True)
        return super().get_search_results(request, queryset, search_term)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return super().has_change_permission(request)
        return owns_dataset(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return organises_all(request.user) and super().has_delete_permission(request, obj)
