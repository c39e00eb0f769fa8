"""People. A user of our own from the first day, so that it can grow without a hard migration."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """Somebody with an account; on boards they appear as ``public_name``."""

    display_name = models.CharField(
        max_length=80, blank=True, help_text="Shown on boards; the user name when empty."
    )

    @property
    def public_name(self) -> str:
        return self.display_name or self.username

    def __str__(self) -> str:
        return self.public_name
