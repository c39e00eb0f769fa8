"""The organisers' forms: they refuse what could not be judged, and what was frozen meanwhile."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluator.errors import OrganiserError
from evaluator.metrics.catalogue import METRICS
from evaluator.protocols import protocol_names
from stylearena.competitions import services
from stylearena.competitions.models import Competition, Dataset, Phase

if TYPE_CHECKING:
    CompetitionModelForm = forms.ModelForm[Competition]
    DatasetModelForm = forms.ModelForm[Dataset]
    PhaseModelForm = forms.ModelForm[Phase]
else:  # not generic at run time
    CompetitionModelForm = DatasetModelForm = PhaseModelForm = forms.ModelForm

_MEBIBYTE = 1 << 20
# What a run costs is shown beside the scores; no protocol holds it, so nothing is ranked by it.
_RANKABLE = {name: info.title for name, info in METRICS.items() if info.scope != "run"}


class MebibytesField(forms.FloatField):
    """Bytes in the database, MiB on the page: nobody counts the digits of 209715200."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value / _MEBIBYTE:.12g}" if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        mebibytes = super().clean(value)
        return None if mebibytes is None else round(mebibytes * _MEBIBYTE)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class CompetitionForm(CompetitionModelForm):
    """Publishing waits for a phase: there is nothing to take part in before."""

    class Meta:
        model = Competition
        fields = "__all__"
        help_texts: ClassVar = {
            "slug": gettext_lazy("The end of its address; fixed once it is published.")
        }

    def clean_is_published(self) -> bool:
        is_published: bool = self.cleaned_data["is_published"]
        if is_published and not (self.instance.pk and self.instance.phases.exists()):
            raise forms.ValidationError(
                _("It has no phase yet: save it as a draft, add a phase, then publish it.")
            )
        return is_published


class DatasetForm(DatasetModelForm):
    class Meta:
        model = Dataset
        fields = ("title", "is_public")

    def clean_is_public(self) -> bool:
        is_public: bool = self.cleaned_data["is_public"]
        stored = Dataset.objects.get(pk=self.instance.pk)  # the instance is overwritten by now
        try:
            services.require_publishable(stored, is_public=is_public)
        except OrganiserError as error:
            raise forms.ValidationError(str(error), code=error.code) from error
        return is_public


def _default(name: str) -> int:
    default: int = getattr(Phase(), name)
    return default


class PhaseForm(PhaseModelForm):
    """Offers the protocols and metrics that exist, and keeps the protocol's digest with it."""

    archive_bytes = MebibytesField(
        label=gettext_lazy("Archive, MiB"), min_value=0.01, initial=_default("archive_bytes")
    )
    unpacked_bytes = MebibytesField(
        label=gettext_lazy("Unpacked, MiB"), min_value=0.01, initial=_default("unpacked_bytes")
    )
    memory_bytes = MebibytesField(
        label=gettext_lazy("Memory, MiB"), min_value=64, initial=_default("memory_bytes")
    )
    scratch_bytes = MebibytesField(
        label=gettext_lazy("Scratch space, MiB"), min_value=1, initial=_default("scratch_bytes")
    )

    class Meta:
        model = Phase
        fields = "__all__"
        labels: ClassVar = {
            "per_day": gettext_lazy("A day"),
            "in_total": gettext_lazy("In total"),
            "at_once": gettext_lazy("At once"),
            "pair_seconds": gettext_lazy("Seconds for one pair"),
            "wall_seconds": gettext_lazy("Seconds in all"),
            "processes": gettext_lazy("Processes and threads"),
            "shard_pairs": gettext_lazy("Pairs in a shard"),
        }
        help_texts: ClassVar = {
            "dataset": gettext_lazy("Datasets come in with manage.py import_competition."),
            "shard_pairs": gettext_lazy(
                "How many pairs one worker takes at a time; it changes no score."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("protocol", {name: name for name in protocol_names()})
        self._offer("ranking_metric", _RANKABLE)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._refuse_frozen()
        smoke = cleaned.get("smoke_dataset")
        if smoke is not None and not smoke.is_public:
            self.add_error("smoke_dataset", _("Its logs are shown: choose a public dataset."))
        if {"dataset", "visibility"} <= cleaned.keys():
            self._check_visibility(cleaned)
        opens_at, closes_at = cleaned.get("opens_at"), cleaned.get("closes_at")
        if opens_at and closes_at and closes_at <= opens_at:
            self.add_error("closes_at", _("A phase must close after it opens; correct the dates."))
        if {"dataset", "protocol", "ranking_metric"} <= cleaned.keys():
            self._check_protocol(cleaned)
        return cleaned

    def _offer(self, name: str, choices: dict[str, str]) -> None:
        if name in self.fields:
            old = self.fields[name]
            self.fields[name] = forms.ChoiceField(
                choices=list(choices.items()), initial=old.initial, label=old.label
            )

    def _refuse_frozen(self) -> None:
        """Refuse a change that was begun before the phase opened and sent after it."""
        stored = Phase.objects.select_related("competition").filter(pk=self.instance.pk).first()
        if stored is None or not services.is_frozen(stored):
            return
        for name in set(self.changed_data) & set(services.FROZEN_FIELDS):
            self.add_error(name, _("The phase has opened: this can no longer change."))

    def _check_visibility(self, cleaned: dict[str, Any]) -> None:
        try:
            services.require_showable(cleaned["dataset"], cleaned["visibility"])
        except OrganiserError as error:
            self.add_error("visibility", str(error))

    def _check_protocol(self, cleaned: dict[str, Any]) -> None:
        try:
            protocol = services.require_measurable(
                cleaned["protocol"],
                cleaned["ranking_metric"],
                pairs=cleaned["dataset"].pairs,
                references=cleaned["dataset"].reference_pictures,
            )
        except OrganiserError as error:
            self.add_error("ranking_metric", str(error))
            return
        self.instance.protocol_digest = protocol.digest()
