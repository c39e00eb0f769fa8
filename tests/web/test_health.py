"""``/healthz`` names what does not answer; the web process never needs torch."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings

from stylearena.demo.installation import free_port
from stylearena.demo.redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[2]
# A whole visit: pages, a competition brought in, an entry handed in. Only then: what was imported?
VISIT = """
import sys
from pathlib import Path
from stylearena.wsgi import application
from django.core.management import call_command
from django.test import Client
from web.factories import UserFactory, upload, write_competition
call_command("migrate", verbosity=0)
organiser = UserFactory(username="olga", is_staff=True, is_superuser=True)
folder = write_competition(Path(sys.argv[1]))
call_command("import_competition", folder, organiser="olga", publish=True, verbosity=0)
client = Client()
client.force_login(organiser)
form = "/competitions/tiny-wall/public/submit/"
pages = ["/", "/competitions/tiny-wall/", form, "/submissions/", "/api/v1/openapi.json", "/admin/"]
pages += ["/admin/competitions/phase/add/", "/competitions/tiny-wall/public/leaderboard/"]
for page in pages:
    assert client.get(page).status_code == 200, page
answer = client.post(form, {"entry": upload()}, follow=True)
assert answer.redirect_chain, answer.content.decode()
heavy = {"torch", "torchvision", "onnxruntime", "baselines", "evaluator.scoring"}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis of our own."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    with subprocess.Popen(server.command, stdin=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(server.settings)
        process.stdin.close()
        server.await_ready()
        yield server.url
        process.terminate()


def in_a_fresh_process(code: str, *arguments: str, **variables: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STYLEARENA_")}
    environment |= {"DJANGO_SETTINGS_MODULE": "stylearena.settings", "STYLEARENA_MODE": "test"}
    environment |= {"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}:{ROOT / 'tests'}", **variables}
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.django_db
def test_all_is_well_when_database_and_broker_answer(
    client: Client, settings: Settings, broker: str
) -> None:
    settings.CELERY_BROKER_URL = broker
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "broker": "ok"}
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_an_absent_broker_is_named_and_its_password_is_not(
    client: Client, settings: Settings
) -> None:
    settings.CELERY_BROKER_URL = f"redis://:hidden-word@127.0.0.1:{free_port()}/0"
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "database": "ok",
        "broker": "cannot be reached",
    }
    assert "hidden-word" not in response.content.decode()


def test_an_absent_database_is_named(
    client: Client,
    settings: Settings,
    broker: str,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    settings.CELERY_BROKER_URL = broker
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", "/nowhere/site")
    with django_db_blocker.unblock():
        response = client.get("/healthz")
        connection.close()
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "database": "cannot be reached",
        "broker": "ok",
    }


@pytest.mark.django_db
def test_the_command_says_whether_everything_answers(
    settings: Settings, broker: str, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.CELERY_BROKER_URL = broker
    call_command("health")
    assert "answer" in capsys.readouterr().out
    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"
    with pytest.raises(CommandError, match="No answer from: broker"):
        call_command("health")


@pytest.mark.django_db
def test_health_cannot_be_posted_to(client: Client) -> None:
    assert client.post("/healthz").status_code == 405


def test_the_web_process_never_imports_what_scores(tmp_path: Path, broker: str) -> None:
    output = in_a_fresh_process(
        VISIT,
        str(tmp_path / "competition"),
        STYLEARENA_DATA_DIR=str(tmp_path),
        STYLEARENA_REDIS_URL=broker,
    )
    assert output.splitlines()[-1] == "[]"
