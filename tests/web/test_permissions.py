"""Who may open which address: every one of the site's own, for every role.

The scene is a held-out phase of scores alone with a scored entry, and a draft by the same person.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client

from stylearena.judging.models import Evaluation, Rescore
from tests.web.security_scene import ROLES, Scene, made_scene, routes

pytestmark = pytest.mark.django_db

EVERYBODY = frozenset(ROLES)
NOBODY: frozenset[str] = frozenset()
MEMBERS = EVERYBODY - {"anonymous"}
ORGANISERS = frozenset({"organiser", "superuser"})
AUTHORS = ORGANISERS | {"owner"}
STAFF = ORGANISERS | {"foreign", "staff"}


@dataclass(frozen=True, slots=True)
class Rule:
    """Who gets an answer: in the held-out phase, and in the draft that nobody may know of."""

    held_out: frozenset[str]
    draft: frozenset[str]
    method: str = "get"


RULES = {
    "": Rule(EVERYBODY, EVERYBODY),
    "competitions/{c}/": Rule(EVERYBODY, ORGANISERS),
    "datasets/{digest}.zip": Rule(NOBODY, NOBODY),
    "datasets/{digest}/content/content-0.jpg": Rule(NOBODY, NOBODY),
    "competitions/{c}/{p}/submit/": Rule(MEMBERS, ORGANISERS),
    "submissions/": Rule(MEMBERS, MEMBERS),
    "submissions/{s}/": Rule(AUTHORS, AUTHORS),
    "submissions/{s}/cancel/": Rule(AUTHORS, AUTHORS, "post"),
    "submissions/{s}/withdraw/": Rule(frozenset({"owner"}), frozenset({"owner"}), "post"),
    "submissions/{s}/panel": Rule(AUTHORS, AUTHORS),
    "competitions/{c}/{p}/leaderboard/": Rule(EVERYBODY, ORGANISERS),
    "competitions/{c}/{p}/organise/": Rule(ORGANISERS, ORGANISERS),
    "competitions/{c}/{p}/rescores/": Rule(ORGANISERS, ORGANISERS, "post"),
    "rescores/{r}/": Rule(ORGANISERS, ORGANISERS),
    "rescores/{r}/drop/": Rule(ORGANISERS, ORGANISERS, "post"),
    "entries/{s}/standing/": Rule(ORGANISERS, ORGANISERS, "post"),
    "entries/{s}/": Rule(EVERYBODY, ORGANISERS),
    "entries/{s}/report.json": Rule(AUTHORS, ORGANISERS),
    "entries/{s}/pictures/{pair}/output.png": Rule(ORGANISERS, ORGANISERS),
    "entries/{s}/pictures/{pair}/content.jpeg": Rule(ORGANISERS, ORGANISERS),
    "operations/": Rule(STAFF, STAFF),
    "metrics": Rule(STAFF, STAFF),
    "api/v1/openapi.json": Rule(EVERYBODY, EVERYBODY),
    "api/v1/docs": Rule(EVERYBODY, EVERYBODY),
    "api/v1/competitions": Rule(EVERYBODY, EVERYBODY),
    "api/v1/competitions/{c}": Rule(EVERYBODY, ORGANISERS),
    "api/v1/competitions/{c}/phases/{p}/leaderboard": Rule(EVERYBODY, ORGANISERS),
    "healthz": Rule(EVERYBODY, EVERYBODY),
    "accounts/profile/": Rule(MEMBERS, MEMBERS),
    "admin/submissions/submission/{s}/change/": Rule(ORGANISERS, ORGANISERS),
    "admin/competitions/phase/{phase}/change/": Rule(ORGANISERS, ORGANISERS),
}
# Addresses of libraries, which have tests of their own, and the API's root, where nothing is.
ELSEWHERE = ("accounts/", "admin/")
UNHEALTHY = 503  # what healthz says where no broker runs, as in this test
REFUSALS = ("/accounts/login/", "/admin/")  # where one is led who may not


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    found = made_scene(tmp_path)
    for evaluation in (found.held_out, found.draft):
        phase = evaluation.submission.phase
        Rescore.objects.create(
            phase=phase,
            dataset=phase.dataset,
            protocol=phase.protocol,
            protocol_digest=phase.protocol_digest,
            started_by=phase.competition.organiser,
        )
    return found


def address(rule: str, evaluation: Evaluation) -> str:
    submission = evaluation.submission
    phase = submission.phase
    return "/" + rule.format(
        c=phase.competition.slug,
        p=phase.slug,
        phase=phase.pk,
        s=submission.pk,
        r=phase.rescores.get().pk,
        digest=phase.dataset.digest,
        pair=evaluation.gallery.order_by("pk")[0].pair,
    )


def is_answered(client: Client, method: str, path: str, **data: str) -> bool:
    """Whether the address does its work; 403, 404 and a way elsewhere are refusals."""
    response = client.post(path, data) if method == "post" else client.get(path)
    if response.status_code == 302:
        return not response["Location"].startswith(REFUSALS)
    assert response.status_code in {200, 403, 404, 422, UNHEALTHY}, (path, response.status_code)
    return response.status_code in {200, 422, UNHEALTHY}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_what_is_its_and_nothing_else(scene: Scene, role: str) -> None:
    client, wrong = scene.client(role), []
    for rule, who in RULES.items():
        for name, evaluation in (("held_out", scene.held_out), ("draft", scene.draft)):
            path = address(rule, evaluation)
            answered = is_answered(client, who.method, path, to="hidden", reason="A test.")
            if answered != (role in getattr(who, name)):
                wrong.append((name, rule, "answered" if answered else "refused"))
    assert not wrong


def test_no_address_of_the_site_is_left_out() -> None:
    wanted = {_shape(route) for route in routes() if not route.startswith(ELSEWHERE)}
    ruled = {_shape(rule) for rule in RULES if not rule.startswith(ELSEWHERE)}
    assert wanted - {"api/v1"} == ruled


def _shape(path: str) -> str:
    """A route or a rule with everything that varies made ``*``."""
    filled = re.sub(r"<[^>]+>|\{\w+\}", "*", path)
    for variable in ("content/content-0.jpg", "output.png", "content.jpeg", "drop/"):
        filled = filled.replace(variable, "/".join("*" for _ in variable.strip("/").split("/")))
    return re.sub(r"\*[.]jpg$|\*[.]\*$", "*", filled).rstrip("/")
