"""What browsers are told of every kind of page: no foreign script, no frame, no guess of types."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.web.factories import PhaseFactory

pytestmark = pytest.mark.django_db

PAGES = ("/", "/accounts/login/", "/api/v1/competitions", "/admin/login/", "/no-such-page/")


def policy_of(header: str) -> dict[str, list[str]]:
    return {name: said for name, *said in (part.split() for part in header.split(";"))}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_carries_the_headers(client: Client, page: str) -> None:
    headers = client.get(page).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] in {"same-origin", "strict-origin-when-cross-origin"}
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("page", PAGES)
def test_the_content_policy_lets_no_foreign_or_inline_script_run(client: Client, page: str) -> None:
    policy = policy_of(client.get(page).headers["Content-Security-Policy"])
    for kind in ("script-src", "style-src"):
        allowed = policy.get(kind, policy["default-src"])
        assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "data:"} & set(allowed), kind
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy.get("object-src", policy["default-src"]) == ["'none'"] or policy[
        "default-src"
    ] == ["'self'"]
    assert policy["base-uri"] in (["'none'"], ["'self'"])


def test_a_form_without_its_token_is_refused() -> None:
    phase = PhaseFactory()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(phase.competition.organiser)
    addresses = (
        reverse("account_login"),
        reverse("submissions:new", args=[phase.competition.slug, phase.slug]),
        reverse("leaderboards:start_rescore", args=[phase.competition.slug, phase.slug]),
    )
    assert [strict.post(address).status_code for address in addresses] == [403, 403, 403]


def test_a_session_is_kept_from_scripts_and_from_other_sites() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"
