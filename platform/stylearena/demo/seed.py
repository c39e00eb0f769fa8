"""What a fresh demo holds: accounts, the competition, and the reference entries in both phases.

Everything goes through the services that people's hands go through; a second run adds nothing.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path

from django.core.files import File
from django.db.models import QuerySet

from stylearena.accounts.models import User
from stylearena.competitions.models import Competition
from stylearena.competitions.services import import_competition, publish
from stylearena.demo.installation import private_file
from stylearena.submissions.models import ACTIVE_STATES, State, Submission
from stylearena.submissions.services import submit

__all__ = ["ACCOUNTS_FILE", "FIRST", "archives", "hand_in", "make_accounts", "open_competition"]

ACCOUNTS_FILE = "demo-accounts.txt"
COMPETITION = Path(__file__).resolve().parent / "competition"
FIRST = ("identity", "style-copy", "reinhard", "sliced-transport")  # the rungs, soon judged
_ORGANISER = "organiser"
_PARTICIPANT = "demo"


def make_accounts(folder: Path) -> Path:
    """An organiser and a participant, with passwords of their own in a file for the owner's eyes.

    Made anew, with new passwords, only where the accounts or the file are missing.
    """
    path = folder / ACCOUNTS_FILE
    names = (_ORGANISER, _PARTICIPANT)
    if path.exists() and User.objects.filter(username__in=names).count() == len(names):
        return path
    passwords = {name: secrets.token_urlsafe(9) for name in names}
    for name, password in passwords.items():
        staff = name == _ORGANISER
        user, _ = User.objects.get_or_create(username=name)
        user.is_staff = user.is_superuser = staff
        user.display_name = "StyleArena" if staff else ""
        user.set_password(password)
        user.save()
    lines = [f"{name:12} {password}" for name, password in passwords.items()]
    private_file(path, "\n".join(["user name    password", *lines, ""]))
    return path


def open_competition() -> Competition:
    """The demo competition, imported and published. Raises OrganiserError."""
    competition = import_competition(COMPETITION, User.objects.get(username=_ORGANISER))
    publish(Competition.objects.filter(pk=competition.pk))
    return competition


def hand_in(competition: Competition, entries: Path) -> Sequence[Submission]:
    """Each reference entry to each phase, unless it is there; in the order they will be judged.

    An account each, since a board shows the best entry of a participant.
    """
    handed_in = []
    for phase in competition.phases.order_by("order"):
        for archive in archives(entries):
            author = _reference_author(archive.stem)
            found = _standing(phase.submissions.filter(participant=author))
            if found is None:
                with archive.open("rb") as file:
                    found = submit(
                        phase=phase, participant=author, upload=File(file), filename=archive.name
                    )
            handed_in.append(found)
    return handed_in


def archives(entries: Path) -> list[Path]:
    """What was exported, the rungs first, then what was trained."""
    places = {name: place for place, name in enumerate(FIRST)}
    return sorted(entries.glob("*.zip"), key=lambda p: (places.get(p.stem, len(FIRST)), p.stem))


def _standing(submissions: QuerySet[Submission]) -> Submission | None:
    return submissions.filter(state__in=(*ACTIVE_STATES, State.SCORED)).first()


def _reference_author(name: str) -> User:
    author, created = User.objects.get_or_create(
        username=f"ref-{name}", defaults={"display_name": "StyleArena"}
    )
    if created:
        author.set_unusable_password()
        author.save()
    return author
