"""One held-out phase with a scored entry, and everybody who might look at it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.test import Client
from django.urls import URLPattern, get_resolver
from django.urls.resolvers import URLResolver

from stylearena.accounts.models import User
from stylearena.competitions.models import Phase
from stylearena.judging.models import Evaluation
from tests.web.board_rows import exhibited, phase_of, phase_with_pictures, somebody

__all__ = ["ROLES", "Scene", "made_scene", "routes"]

ROLES = ("anonymous", "stranger", "owner", "foreign", "organiser", "staff", "superuser")


@dataclass(frozen=True, slots=True)
class Scene:
    """``held_out``: an open phase of scores only; ``draft``: one of the same organiser, unseen."""

    people: Mapping[str, User | None]
    held_out: Evaluation
    draft: Evaluation
    public: Phase

    def client(self, role: str) -> Client:
        client = Client(raise_request_exception=True)
        person = self.people[role]
        if person is not None:
            client.force_login(person)
        return client


def made_scene(folder: Path) -> Scene:
    owner = somebody(username="owner")
    organiser = somebody(username="organiser", is_staff=True)
    foreign = somebody(username="foreign", is_staff=True)
    phase_of(competition__organiser=foreign)
    phase = phase_with_pictures(folder / "held-out", visibility="scores", name="held-out")
    phase.competition.organiser = organiser
    phase.competition.save()
    public = phase_with_pictures(folder / "public", is_public=True, name="public")
    draft = phase_with_pictures(folder / "draft", visibility="scores", name="draft")
    draft.competition.organiser, draft.competition.is_published = organiser, False
    draft.competition.save()
    return Scene(
        people={
            "anonymous": None,
            "stranger": somebody(username="stranger"),
            "owner": owner,
            "foreign": foreign,
            "organiser": organiser,
            "staff": somebody(username="staff", is_staff=True),
            "superuser": somebody(username="superuser", is_staff=True, is_superuser=True),
        },
        held_out=exhibited(phase, participant=owner),
        draft=exhibited(draft, participant=owner),
        public=public,
    )


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Every address of the site, as its patterns write it."""
    for pattern in (resolver or get_resolver()).url_patterns:
        here = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            yield here
        else:
            yield from routes(pattern, here)
