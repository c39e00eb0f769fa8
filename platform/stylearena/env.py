"""Reading the environment: one typed reader, three modes, and a loud refusal of unsafe defaults.

``STYLEARENA_MODE`` is ``production`` unless said otherwise, so that forgetting it is safe:
production asks for every secret and address, ``demo`` and ``test`` fill them in for one laptop.
"""

from enum import StrEnum
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

_KNOWN_DEFAULTS = ("change-me", "changeme", "secret", "insecure", "django-insecure")
_SECRET_LENGTH = 40
_SECRET_CHARACTERS = 5  # different ones; Django's own check asks for as many


class Mode(StrEnum):
    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


reader = environ.Env()


def mode() -> Mode:
    """The mode the process runs in; raises ``ImproperlyConfigured`` for an unknown name."""
    name = reader.str("STYLEARENA_MODE", default=Mode.PRODUCTION.value)
    try:
        return Mode(name)
    except ValueError:
        known = ", ".join(Mode)
        raise ImproperlyConfigured(
            f"STYLEARENA_MODE is {name!r}: set it to one of {known}."
        ) from None


def required(name: str, *, embedded: str) -> str:
    """``name`` from the environment; ``embedded`` stands in for it outside production only."""
    if mode() is not Mode.PRODUCTION:
        return str(reader.str(name, default=embedded))
    value = str(reader.str(name, default=""))
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set: production takes it from the environment (see docker/env.example)."
        )
    return value


def allowed_hosts() -> list[str]:
    """The names the site answers to; production refuses a wildcard, which trusts any Host."""
    said = required("STYLEARENA_ALLOWED_HOSTS", embedded="127.0.0.1,localhost,[::1],testserver")
    hosts = [host.strip() for host in said.split(",") if host.strip()]
    if mode() is Mode.PRODUCTION and any("*" in host for host in hosts):
        raise ImproperlyConfigured(
            "STYLEARENA_ALLOWED_HOSTS holds a wildcard: name each host that the site answers to."
        )
    return hosts


def database_url(embedded: str) -> str:
    """The database's address; production refuses SQLite, whose file no second machine can share."""
    url = required("STYLEARENA_DATABASE_URL", embedded=embedded)
    if mode() is Mode.PRODUCTION and url.startswith("sqlite"):
        raise ImproperlyConfigured(
            "STYLEARENA_DATABASE_URL names SQLite: production runs on PostgreSQL."
        )
    return url


def one_of(name: str, known: tuple[str, ...], *, default: str) -> str:
    """``name`` from the environment; ``ImproperlyConfigured`` unless it is one of ``known``."""
    value = str(reader.str(name, default=default))
    if value not in known:
        raise ImproperlyConfigured(f"{name} is {value!r}: set it to one of {', '.join(known)}.")
    return value


def secret_key() -> str:
    """Django's secret key; production refuses a short one or one of the well-known examples."""
    key = required("STYLEARENA_SECRET_KEY", embedded="embedded-" + "0" * _SECRET_LENGTH)
    short = len(key) < _SECRET_LENGTH or len(set(key)) < _SECRET_CHARACTERS
    weak = short or key.lower().startswith((*_KNOWN_DEFAULTS, "embedded-"))
    if mode() is Mode.PRODUCTION and weak:
        raise ImproperlyConfigured(
            "STYLEARENA_SECRET_KEY is short or an example: make one with "
            "`python -c 'import secrets; print(secrets.token_urlsafe(50))'`."
        )
    return key


def data_dir() -> Path:
    """Where an embedded installation keeps its database, files and Redis data."""
    default = Path(__file__).resolve().parents[2] / "var"
    return Path(reader.str("STYLEARENA_DATA_DIR", default=str(default)))
