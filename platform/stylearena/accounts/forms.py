"""What people may change about themselves."""

from typing import TYPE_CHECKING, ClassVar

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _

from stylearena.accounts.models import User

if TYPE_CHECKING:
    UserForm = forms.ModelForm[User]
else:
    UserForm = forms.ModelForm  # not generic at run time


class ProfileForm(UserForm):
    class Meta:
        model = User
        fields: ClassVar = ("display_name",)
        widgets: ClassVar = {"display_name": forms.TextInput(attrs={"autocomplete": "nickname"})}

    def clean_display_name(self) -> str:
        """Boards show this name alone, so nobody may stand there under another's."""
        name: str = self.cleaned_data["display_name"]
        if not name.isprintable():
            raise forms.ValidationError(_("Use letters, digits and signs that can be seen."))
        others = User.objects.exclude(pk=self.instance.pk)
        same = Q(display_name__iexact=name) | Q(username__iexact=name)
        if name and others.filter(same).exists():
            raise forms.ValidationError(_("Somebody else goes by this name; choose another."))
        return name
