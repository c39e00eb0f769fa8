"""The grown platform that is to be disturbed: PostgreSQL, Redis, workers, sweeper and site.

All of them are the real processes. The stage itself looks on through the models, as an operator
with a shell would, and keeps the participants handing in over HTTP.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from django.db import Error as DatabaseError
from django.db import connection

from stylearena.demo.installation import free_port
from tests.chaos.participants import Participants
from tests.chaos.recovery import Recoveries
from tests.e2e.arena import Arena
from tests.postgres import Postgres

__all__ = ["Stage", "Worker", "running_stage"]

_WORKERS = 3  # two go on while a third, killed, starts again
_SCRATCH_BYTES = 96 << 20


@dataclass(slots=True)
class Worker:
    """A worker process with a scratch folder of its own."""

    process: "subprocess.Popen[bytes]"
    scratch: Path

    @property
    def pid(self) -> int:
        return self.process.pid


@dataclass(slots=True)
class Stage:
    """Everything that runs. Use ``running_stage``; ``tick`` is to be called while waiting."""

    folder: Path
    postgres: Postgres
    arena: Arena
    participants: Participants
    recoveries: Recoveries = field(default_factory=Recoveries)
    workers: list[Worker] = field(default_factory=list)
    redis: "subprocess.Popen[bytes] | None" = None
    sweeper: "subprocess.Popen[bytes] | None" = None
    site: "subprocess.Popen[bytes] | None" = None

    def start_worker(self) -> Worker:
        scratch = self.folder / f"scratch-{len(list(self.folder.glob('scratch-*')))}"
        scratch.mkdir()
        if os.getuid() == 0:
            size = ["-o", f"size={_SCRATCH_BYTES}", "scratch", str(scratch)]
            subprocess.run(["mount", "-t", "tmpfs", *size], check=True)
        worker = Worker(self.arena.start("worker", TMPDIR=str(scratch)), scratch)
        self.workers.append(worker)
        return worker

    def replace(self, worker: Worker) -> None:
        """Another worker instead of one that has ended."""
        self.workers.remove(worker)
        release(worker.scratch)
        self.start_worker()

    def start_sweeper(self) -> None:
        self.sweeper = self.arena.start("sweeper")

    def start_site(self) -> None:
        """Gunicorn, and the participants told where it is."""
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "stylearena.wsgi", f"--bind=127.0.0.1:{port}"]
        options = ["--worker-class=gthread", "--threads=4", "--no-control-socket"]
        self.site = self.arena.spawn("site", [*command, *options])
        self.participants.address = f"http://127.0.0.1:{port}"
        self.wait("the site answers", lambda: _answers(f"{self.participants.address}/healthz"))

    def kill_site(self) -> None:
        """Master and children at once, as a machine that goes down."""
        assert self.site is not None
        os.killpg(self.site.pid, signal.SIGKILL)
        self.site.wait()

    def end_site(self) -> None:
        """Gunicorn's children end with it, if it has not been killed alone."""
        if self.site is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.site.pid, signal.SIGKILL)

    def release_scratch(self) -> None:
        for scratch in self.folder.glob("scratch-*"):
            release(scratch)

    def wait(self, what: str, is_so: Callable[[], object], seconds: float = 180.0) -> None:
        """Wait until ``is_so`` while everything else goes on; RuntimeError if it never is."""
        if not self.wait_if(is_so, seconds):
            raise RuntimeError(f"never: {what}")

    def wait_if(self, is_so: Callable[[], object], seconds: float) -> bool:
        """Did it become so within ``seconds``?"""
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                return False
            self.tick()
            time.sleep(0.02)
        return True

    def tick(self) -> None:
        """Note what has recovered; the database may be away just now."""
        try:
            self.recoveries.look()
        except DatabaseError:
            connection.close()


@contextmanager
def running_stage(folder: Path, postgres: Postgres, arena: Arena) -> Iterator[Stage]:
    """Start everything; all of it has ended when the block is left."""
    stage = Stage(folder, postgres, arena, Participants())
    with ExitStack() as ending:  # in the reverse order, each whatever the others do
        ending.callback(stage.release_scratch)
        ending.callback(stage.end_site)
        ending.push(arena.__exit__)
        stage.redis = arena.start_redis()
        arena.call("django", "migrate", "--verbosity=0")
        stage.participants.open_phase(folder / "pictures")
        for _ in range(_WORKERS):
            stage.start_worker()
        stage.start_sweeper()
        stage.start_site()
        yield stage


def release(scratch: Path) -> None:
    """Give a worker's scratch folder back."""
    if scratch.is_mount():
        subprocess.run(["umount", "--lazy", str(scratch)], check=True)


def _answers(url: str) -> bool:
    assert urlsplit(url).hostname == "127.0.0.1"
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
