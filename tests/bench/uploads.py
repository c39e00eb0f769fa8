"""Fifty people hand in at once, more than they may: nobody's entry is lost, no quota overshot.

The site is gunicorn on PostgreSQL; everything goes over HTTP on this machine. An entry that was
answered with its page must be there, and each person has exactly as many as the phase allows.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.bench.figures import Figure
from tests.bench.fresh import ROOT
from tests.bench.grown import quantile, site_on_postgres

_PEOPLE = 50
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class _Person:
    """A signed-in browser in front of the form."""

    name: str
    cookies: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Answer:
    person: str
    submission: str  # empty where the site refused
    status: int
    seconds: float


def measure(*, quick: bool) -> Iterator[Figure]:
    allowed, extra = (4, 1) if quick else (20, 4)
    with site_on_postgres() as (folder, _):
        path = _open_phase(allowed)
        people = [_sign_in(number) for number in range(_PEOPLE)]
        with _Site(folder) as address:
            begin = time.perf_counter()
            answers = _hand_in(address + path, people, allowed + extra)
            seconds = time.perf_counter() - begin
        lost, overshot = _check(answers, allowed)
    taken = [answer for answer in answers if answer.submission]
    yield Figure.of("uploads.attempts", "uploads", [len(answers)])
    yield Figure.of("uploads.taken", "submissions", [len(taken)])
    yield Figure.of("uploads.lost", "submissions", [lost])
    yield Figure.of("uploads.quota.overshot", "people", [overshot])
    yield Figure.of("uploads.per-second", "1/s", [len(answers) / seconds])
    yield Figure("uploads.p95", quantile([a.seconds for a in answers], 0.95), "s", ())


def _open_phase(allowed: int) -> str:
    """A phase with room for ``allowed`` entries a person; the path of its form."""
    from tests.web.factories import PhaseFactory

    phase = PhaseFactory(per_day=allowed, in_total=allowed, at_once=allowed)
    return f"/competitions/{phase.competition.slug}/{phase.slug}/submit/"


def _sign_in(number: int) -> _Person:
    from django.conf import settings
    from django.test import Client

    from tests.web.factories import UserFactory

    user, client = UserFactory(username=f"painter-{number}"), Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return _Person(user.username, {settings.SESSION_COOKIE_NAME: session})


def _hand_in(form: str, people: list[_Person], times: int) -> list[_Answer]:
    """Everybody at once, each as often as they can."""
    with ThreadPoolExecutor(len(people)) as crowd:
        found = crowd.map(lambda person: _hand_in_often(form, person, times), people)
        return [answer for answers in found for answer in answers]


def _hand_in_often(form: str, person: _Person, times: int) -> list[_Answer]:
    """Two at a time, as from two windows: the quota must hold between them too."""
    with (
        httpx.Client(cookies=person.cookies, timeout=_PATIENCE) as browser,
        ThreadPoolExecutor(2) as windows,
    ):
        browser.get(form).raise_for_status()
        return list(windows.map(lambda _: _post(browser, form, person.name), range(times)))


def _post(browser: httpx.Client, form: str, person: str) -> _Answer:
    from tests.web.factories import identity_model

    while True:
        begin = time.perf_counter()
        answer = browser.post(
            form,
            data={"csrfmiddlewaretoken": browser.cookies["csrftoken"]},
            files={"entry": ("mine.onnx", identity_model())},
        )
        seconds = time.perf_counter() - begin
        if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            break
        time.sleep(int(answer.headers["Retry-After"]))  # the site's rate for one person
    page = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
    return _Answer(person, page, answer.status_code, seconds)


def _check(answers: list[_Answer], allowed: int) -> tuple[int, int]:
    """How many promised submissions are missing, and how many people have not what they may."""
    from stylearena.submissions.models import QuotaEntry, Submission

    strange = Counter(answer.status for answer in answers) - Counter({302: 10**6, 422: 10**6})
    assert not strange, f"the site answered with {dict(strange)}"
    kept = {
        str(pk): name for pk, name in Submission.objects.values_list("pk", "participant__username")
    }
    promised = {answer.submission for answer in answers if answer.submission}
    each = Counter(kept.values())
    assert QuotaEntry.objects.filter(kind="reserved").count() == len(kept)
    overshot = sum(count != allowed for count in each.values()) + (_PEOPLE - len(each))
    return len(promised - kept.keys()), overshot


class _Site:
    """Context manager: gunicorn as the image starts it; gives its address."""

    def __init__(self, folder: Path) -> None:
        from stylearena.demo.installation import free_port

        self._port = free_port()
        self._log = folder / "site.log"

    def __enter__(self) -> str:
        bind = f"--bind=127.0.0.1:{self._port}"
        options = ["--worker-class=gthread", "--workers=2", "--threads=8", "--no-control-socket"]
        path = os.pathsep.join([str(ROOT), str(ROOT / "platform")])
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "stylearena.wsgi", bind, *options],
                env={**os.environ, "PYTHONPATH": path},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        address = f"http://127.0.0.1:{self._port}"
        self._await(address)
        return address

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait()

    def _await(self, address: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            try:
                httpx.get(address, timeout=10)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"the site does not start: {self._log.read_text()[-2000:]}")
