"""Object-level permissions of the admin: organisers reach what they organise, and nothing else.

Being staff is enough for one's own competitions. Django's permissions widen that, as they always
do, to the rows of everybody; superusers have them all.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.db.models import ForeignKey, Model, Q, QuerySet
from django.http import HttpRequest

from stylearena.accounts.models import User
from stylearena.competitions import audit
from stylearena.competitions.models import Competition
from stylearena.competitions.permissions import organised_by

if TYPE_CHECKING:
    AdminBase = admin.ModelAdmin[Any]
    InlineBase = admin.TabularInline[Any, Any]
else:  # not generic at run time
    AdminBase = admin.ModelAdmin
    InlineBase = admin.TabularInline


class OrganiserAdmin(AdminBase):
    """Rows at the end of ``competition_path`` from a competition; empty for competitions."""

    competition_path = ""

    def own(self, request: HttpRequest) -> Q:
        """The rows this person may open without a permission of Django's."""
        return organised_by(request.user, self.competition_path)

    def is_own(self, request: HttpRequest, obj: Model | None) -> bool:
        return (
            obj is None or self.model._default_manager.filter(self.own(request), pk=obj.pk).exists()
        )

    def record(self, request: HttpRequest, obj: Model, act: str, detail: str = "") -> None:
        """Note an act in the log of the competition that ``obj`` belongs to, if it does to one."""
        found: Any = obj
        for name in filter(None, self.competition_path.split("__")):
            found = getattr(found, name)
        if isinstance(found, Competition):
            by = cast("User", request.user)
            audit.record(found, by=by, act=act, subject=str(obj), detail=detail)

    def record_moved(
        self, request: HttpRequest, before: "Mapping[Any, Any]", field: str, act: str
    ) -> None:
        """Note ``act`` for every row whose ``field`` is no longer what it was ``before``."""
        for row in self.model._default_manager.filter(pk__in=before):
            if getattr(row, field) != before[row.pk]:
                self.record(request, row, act)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        entry = super().log_addition(request, obj, message)
        self.record(request, obj, f"{self.opts.model_name}.added")
        return entry

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        entry = super().log_change(request, obj, message)
        self.record(request, obj, f"{self.opts.model_name}.changed", entry.get_change_message())
        return entry

    def sees_all(self, request: HttpRequest) -> bool:
        return super().has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        rows = super().get_queryset(request)
        return rows if self.sees_all(request) else rows.filter(self.own(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True  # the admin site itself has asked for staff

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.is_own(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) or self.is_own(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) or self.is_own(request, obj)

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer what the related admin shows: an address typed by hand names nothing else."""
        related = self.admin_site._registry.get(db_field.remote_field.model)
        if isinstance(related, OrganiserAdmin):
            kwargs.setdefault("queryset", related.get_queryset(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Without the button that deletes the chosen row: that is done on its own page."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and hasattr(field.widget, "can_delete_related"):
            field.widget.can_delete_related = False
        return field


class OrganiserInline(InlineBase):
    """Rows to look at on the page of what they belong to, which has asked for permission."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
