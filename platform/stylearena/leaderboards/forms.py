"""The form by which a re-score is started."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evaluator.protocols import protocol_names
from stylearena.accounts.models import User
from stylearena.competitions.models import Dataset, Phase
from stylearena.competitions.permissions import usable_by

if TYPE_CHECKING:
    DatasetField = forms.ModelChoiceField[Dataset]
else:  # not generic at run time
    DatasetField = forms.ModelChoiceField


class RescoreForm(forms.Form):
    """Under which terms; the phase's own are chosen at first. The evaluator is this version's."""

    dataset = DatasetField(queryset=Dataset.objects.none(), label=_("Dataset"), empty_label=None)
    protocol = forms.ChoiceField(label=_("Protocol"))
    note = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"placeholder": _("Shown beside it and in the log")}),
    )

    def __init__(self, phase: Phase, organiser: User, data: Any = None) -> None:
        terms = {"dataset": phase.dataset_id, "protocol": phase.protocol}
        super().__init__(data, initial=terms)
        chosen = self.fields["dataset"]
        assert isinstance(chosen, forms.ModelChoiceField)  # noqa: S101  (declared above)
        usable = Dataset.objects.filter(usable_by(organiser))
        chosen.queryset = usable | Dataset.objects.filter(pk=phase.dataset_id)
        names = [(name, name) for name in protocol_names()]
        self.fields["protocol"] = forms.ChoiceField(label=_("Protocol"), choices=names)
