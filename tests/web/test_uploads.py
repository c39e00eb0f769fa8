"""Uploads end at their limit while they come in; nobody else's files are read or written at all."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from stylearena.accounts.models import User
from stylearena.competitions.models import Phase
from stylearena.submissions.models import Submission
from tests.web.factories import PhaseFactory, identity_model, upload

BOUNDARY = "a-boundary"
LIMIT = 100_000
# Django reads this much at a time.
CHUNK = 64 << 10


class Wire(io.BytesIO):
    """A request's body that counts what was read of it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


@pytest.fixture
def spool(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "spool"
    folder.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    return folder


@pytest.fixture
def phase(db: None) -> Phase:
    return PhaseFactory(archive_bytes=LIMIT)


@pytest.fixture
def signed_in(client: Client, participant: User) -> Client:
    client.force_login(participant)
    return client


def address(phase: Phase) -> str:
    return reverse("submissions:new", args=[phase.competition.slug, phase.slug])


def part(name: str, data: bytes, filename: str = "") -> bytes:
    said = f'; filename="{filename}"' if filename else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{said}\r\n\r\n'
    return head.encode() + data + b"\r\n"


def send(client: Client, path: str, *parts: bytes) -> tuple[HttpResponse, int]:
    """The answer, and how many bytes of the request were read for it."""
    body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    wire = Wire(body)
    response = client.generic(
        "POST",
        path,
        body,
        f"multipart/form-data; boundary={BOUNDARY}",
        **{"wsgi.input": wire},
    )
    return response, wire.count


def test_a_request_that_says_it_is_too_long_is_not_read(
    signed_in: Client, phase: Phase, spool: Path
) -> None:
    response, read = send(signed_in, address(phase), part("entry", bytes(1 << 20), "m.onnx"))
    assert (response.status_code, read) == (413, 0)
    assert b"entry.archive.too_large" in response.content


def test_reading_ends_at_the_limit_of_the_phase(
    signed_in: Client, phase: Phase, spool: Path
) -> None:
    phase.archive_bytes = 1000
    phase.save()
    response, read = send(signed_in, address(phase), part("entry", bytes(66_000), "m.onnx"))
    assert response.status_code == 413
    assert read <= CHUNK
    assert not list(spool.iterdir())
    assert not Submission.objects.exists()


def test_an_entry_within_the_limit_is_taken(
    signed_in: Client, phase: Phase, spool: Path, told: list[object]
) -> None:
    response, _ = send(signed_in, address(phase), part("entry", identity_model(), "m.onnx"))
    assert response.status_code == 302
    assert not list(spool.iterdir())


def test_a_second_file_is_dropped(
    signed_in: Client, phase: Phase, spool: Path, told: list[object]
) -> None:
    files = (part("entry", identity_model(), "m.onnx"), part("more", bytes(9000), "x.zip"))
    assert send(signed_in, address(phase), *files)[0].status_code == 302
    assert Submission.objects.count() == 1


def test_a_stranger_to_the_site_is_sent_to_log_in_unread(client: Client, phase: Phase) -> None:
    response, read = send(client, address(phase), part("entry", bytes(90_000), "m.onnx"))
    assert (response.status_code, read) == (302, 0)


@pytest.mark.parametrize("name", ["account_login", "account_signup", "profile"])
def test_a_page_that_takes_no_file_stops_reading_at_one(
    signed_in: Client, db: None, spool: Path, name: str
) -> None:
    if name != "profile":
        signed_in.logout()
    _, read = send(signed_in, reverse(name), part("entry", bytes(2 << 20), "m.onnx"))
    assert read <= CHUNK
    assert not list(spool.iterdir())


def test_handing_in_asks_for_the_forms_token(phase: Phase, participant: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(participant)
    assert strict.post(address(phase), {"entry": upload()}).status_code == 403


def test_the_forms_token_lets_an_entry_in(
    phase: Phase, participant: User, told: list[object]
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(participant)
    token = strict.get(address(phase)).context["csrf_token"]
    data = {"csrfmiddlewaretoken": str(token), "entry": upload()}
    assert strict.post(address(phase), data).status_code == 302


def test_a_stream_of_entries_is_stopped_unread_and_told_when_to_come_back(
    signed_in: Client, phase: Phase
) -> None:
    bad = part("entry", b"PK no zip", "m.zip")
    assert {send(signed_in, address(phase), bad)[0].status_code for _ in range(10)} == {422}
    response, read = send(signed_in, address(phase), bad)
    assert (response.status_code, response["Retry-After"], read) == (429, "60", 0)
    assert b"rate.exceeded" in response.content


def test_one_persons_stream_stops_nobody_else(
    signed_in: Client, phase: Phase, organiser: User, told: list[object]
) -> None:
    for _ in range(11):
        send(signed_in, address(phase), part("entry", b"PK no zip", "m.zip"))
    signed_in.force_login(organiser)
    good = part("entry", identity_model(), "m.onnx")
    assert send(signed_in, address(phase), good)[0].status_code == 302


def test_too_many_log_ins_are_told_when_to_come_back(client: Client, db: None) -> None:
    for _ in range(31):
        response = client.post(reverse("account_login"), {"login": "a", "password": "b"})
    assert (response.status_code, response["Retry-After"]) == (429, "60")
