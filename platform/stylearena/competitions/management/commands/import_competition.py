"""``manage.py import_competition FOLDER [--organiser USER] [--publish]``."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError

from evaluator.errors import StyleArenaError
from stylearena.accounts.models import User
from stylearena.competitions import services
from stylearena.competitions.models import Competition

_REFUSED = 2


class Command(BaseCommand):
    help = "Create a competition from its folder, or bring it up to date. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="The folder that holds competition.toml.")
        parser.add_argument(
            "--organiser", help="User name of its organiser; the superuser where there is but one."
        )
        parser.add_argument("--publish", action="store_true", help="Show it to everybody now.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organiser = _organiser(options["organiser"])
            competition = services.import_competition(options["folder"], organiser)
        except StyleArenaError as error:
            raise CommandError(str(error), returncode=_REFUSED) from error
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(
                f"The database is not ready ({error}); run manage.py migrate first.",
                returncode=_REFUSED,
            ) from error
        if options["publish"]:
            services.publish(Competition.objects.filter(pk=competition.pk))
        competition.refresh_from_db()
        self.stdout.write(self.style.SUCCESS(_summary(competition)))


def _organiser(name: str | None) -> User:
    if name:
        found = User.objects.filter(username=name).first()
        if found is None:
            raise CommandError(
                f"There is no user {name!r}; sign up first, or check the name.", returncode=_REFUSED
            )
        return found
    superusers = User.objects.filter(is_superuser=True, is_active=True)[:2]
    if len(superusers) != 1:
        raise CommandError(
            "Whose competition is it? Name a user with --organiser (manage.py createsuperuser "
            "makes the first one).",
            returncode=_REFUSED,
        )
    return superusers[0]


def _summary(competition: Competition) -> str:
    phases = ", ".join(competition.phases.values_list("slug", flat=True))
    state = "published" if competition.is_published else "a draft: --publish shows it to everybody"
    return f"Imported {competition.slug} ({phases}); it is {state}."
