"""The site as ``manage.py demo`` runs it, around a competition that is judged in seconds.

Every part is the real one: embedded Redis, a worker, the sweeper, gunicorn, collected static files.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from stylearena.demo.installation import free_port
from tests.e2e.arena import Arena
from tests.web.factories import PASSWORD, write_dataset

ORGANISER = "curator"
COMPETITION = "small-wall"

_DESCRIPTION = f"""
title = "The Small Wall"
slug = "{COMPETITION}"
tagline = "A few pictures, so that a visitor need not wait."

[[phases]]
slug = "open"
title = "Open wall"
dataset = "pictures"
smoke_dataset = "pictures"
public = true
visibility = "open"
limits = {{ per_day = 30, at_once = 10, shard_pairs = 8 }}

[[phases]]
slug = "bare"
title = "Bare wall"
dataset = "pictures"
smoke_dataset = "pictures"
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A running site: where it is, and the arena of its processes."""

    address: str
    arena: Arena

    @property
    def competition(self) -> str:
        return f"{self.address}/competitions/{COMPETITION}/"

    def phase(self, page: str, *, slug: str = "open") -> str:
        """The address of a phase's ``leaderboard`` or ``submit`` page."""
        return f"{self.competition}{slug}/{page}/"

    def state(self, submission: str) -> str:
        """A submission's state, read from outside."""
        sql = "SELECT state FROM submissions_submission WHERE id = ?"
        ((found,),) = self.arena.query(sql, submission.replace("-", ""))
        return str(found)


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Start everything in ``folder``; all of it has ended when the block is left."""
    settings = {
        "STYLEARENA_MODE": "demo",
        "STYLEARENA_SWEEP_SECONDS": "2",
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
    }
    with Arena(folder, **settings) as arena:
        arena.start("worker")  # loads torch while the rest is made
        arena.call("django", "migrate", "--verbosity=0")
        arena.call("django", "collectstatic", "--verbosity=0", "--no-input")
        arena.start("sweeper")
        address = _serve(arena)
        _open_competition(arena, folder / "competition")
        yield Site(address, arena)


def _serve(arena: Arena) -> str:
    port = free_port()
    command = ["gunicorn", "stylearena.wsgi", f"--bind=127.0.0.1:{port}", "--worker-class=gthread"]
    arena.spawn("site", [sys.executable, "-m", *command, "--threads=8", "--no-control-socket"])
    address = f"http://127.0.0.1:{port}"
    arena.await_true("serving", lambda: _answers(f"{address}/healthz"), seconds=60)
    return address


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False


def _open_competition(arena: Arena, folder: Path) -> None:
    """As an organiser does: an account, a folder, ``import_competition``."""
    who = ["--username", ORGANISER, "--email", f"{ORGANISER}@example.org"]
    arena.call("django", "createsuperuser", "--no-input", *who)
    write_dataset(folder / "pictures", contents=6, styles=4)
    (folder / "competition.toml").write_text(_DESCRIPTION, "utf-8")
    (folder / "description.md").write_text("Paint six pictures in four manners.", "utf-8")
    arena.call("django", "import_competition", str(folder), "--organiser", ORGANISER, "--publish")
