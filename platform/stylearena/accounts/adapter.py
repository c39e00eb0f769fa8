"""What django-allauth asks of us: which user names may be taken, by form or through GitHub."""

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from stylearena.accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Boards show display names and user names alike: either is its first owner's."""
        name: str = super().clean_username(username, shallow)
        if User.objects.filter(display_name__iexact=name).exists():
            raise ValidationError(_("Somebody else goes by this name; choose another."))
        return name
