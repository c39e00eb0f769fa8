"""What every test of the site stands on: files in a temporary folder, a database on disk."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from pytest_django import Settings

from stylearena.accounts.models import User
from stylearena.celery import app as celery_app
from stylearena.leaderboards import standings
from tests.web.factories import UserFactory


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """SQLite's shared memory database knows no busy timeout; threads need the file it is not."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        name = tmp_path_factory.mktemp("database") / "test.sqlite3"
        database.setdefault("TEST", {})["NAME"] = str(name)


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> None:
    """Uploads and datasets of a test live and die with it; nothing is remembered between tests."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.DATASETS_DIR = tmp_path / "datasets"
    cache.clear()
    standings.forget()


@pytest.fixture
def participant(db: None) -> User:
    return UserFactory(username="ada", display_name="Ada L.")


@pytest.fixture
def organiser(db: None) -> User:
    """Staff with every permission, as the first organiser of an installation is."""
    return UserFactory(username="olga", is_staff=True, is_superuser=True)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """The messages that would have gone to the broker."""
    messages: list[tuple[str, list[str]]] = []

    def send_task(name: str, *, args: list[str]) -> None:
        messages.append((name, args))

    monkeypatch.setattr(celery_app, "send_task", send_task)
    return messages
