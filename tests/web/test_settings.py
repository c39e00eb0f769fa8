"""Production settings refuse to start unsafely; each case is a fresh process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "STYLEARENA_MODE": "production",
    "STYLEARENA_SECRET_KEY": "kEy-0123456789" * 4,
    "STYLEARENA_ALLOWED_HOSTS": "arena.example.org",
    "STYLEARENA_DATABASE_URL": "postgres://arena@127.0.0.1/arena",
    "STYLEARENA_REDIS_URL": "redis://127.0.0.1:6379/0",
}
READ = "from django.conf import settings; print(settings.SECRET_KEY[:3], settings.DEBUG)"


FORMS = (
    "from django.conf import settings; "
    "print(*settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
)


def read_settings(
    variables: dict[str, str], script: str = READ
) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STYLEARENA_")}
    environment |= {"DJANGO_SETTINGS_MODULE": "stylearena.settings", **variables}
    environment["PYTHONPATH"] = str(ROOT / "platform")
    command = [sys.executable, "-c", script]
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_production_starts_when_everything_is_given() -> None:
    done = read_settings(COMPLETE)
    assert (done.returncode, done.stdout) == (0, "kEy False\n"), done.stderr


@pytest.mark.parametrize("name", sorted(set(COMPLETE) - {"STYLEARENA_MODE"}))
def test_production_refuses_a_missing_variable_by_name(name: str) -> None:
    done = read_settings({k: v for k, v in COMPLETE.items() if k != name})
    assert done.returncode != 0
    assert f"{name} is not set" in done.stderr


def test_the_mode_is_production_unless_said_otherwise() -> None:
    assert "STYLEARENA_SECRET_KEY is not set" in read_settings({}).stderr


@pytest.mark.parametrize("key", ["short", "change-me" + "x" * 50, "embedded-" + "0" * 40, "a" * 60])
def test_production_refuses_a_weak_or_example_key(key: str) -> None:
    done = read_settings(COMPLETE | {"STYLEARENA_SECRET_KEY": key})
    assert done.returncode != 0
    assert "STYLEARENA_SECRET_KEY is short or an example" in done.stderr


def test_production_refuses_a_wildcard_host() -> None:
    done = read_settings(COMPLETE | {"STYLEARENA_ALLOWED_HOSTS": "arena.example.org,*"})
    assert done.returncode != 0
    assert "STYLEARENA_ALLOWED_HOSTS holds a wildcard" in done.stderr


def test_production_refuses_sqlite() -> None:
    done = read_settings(COMPLETE | {"STYLEARENA_DATABASE_URL": "sqlite:////tmp/arena.sqlite3"})
    assert done.returncode != 0
    assert "STYLEARENA_DATABASE_URL names SQLite" in done.stderr


def test_production_never_debugs_and_keeps_its_cookies_to_https() -> None:
    asked = (
        "from django.conf import settings as s; print(s.DEBUG, s.SESSION_COOKIE_SECURE, "
        "s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS >= 31536000, "
        "s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.REQUIRE_CONFINEMENT)"
    )
    done = read_settings(COMPLETE | {"DEBUG": "1", "DJANGO_DEBUG": "1"}, asked)
    assert done.stdout == "False True True True True True Lax True\n", done.stderr


def test_an_unknown_mode_is_refused_with_the_known_ones() -> None:
    assert "production, demo, test" in read_settings({"STYLEARENA_MODE": "staging"}).stderr


@pytest.mark.parametrize(
    ("variables", "allowed"),
    [({}, "'self'"), ({"STYLEARENA_GITHUB_ID": "abc"}, "'self' https://github.com")],
)
def test_forms_lead_to_github_only_where_it_signs_people_in(
    variables: dict[str, str], allowed: str
) -> None:
    assert read_settings(COMPLETE | variables, FORMS).stdout.strip() == allowed
