"""Two workers on two cores against one on one: throughput of submissions, on PostgreSQL.

Each worker is pinned to a core and computes with one thread. Then two judge once more while the
site is visited, which takes from the same two cores.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psycopg

from baselines.export import export_method
from baselines.registry import METHODS
from stylearena.demo.installation import free_port
from tests.bench.figures import Figure
from tests.bench.grown import quantile
from tests.e2e.arena import Arena
from tests.postgres import Postgres

_UNFINISHED = "SELECT count(*) FROM submissions_submission WHERE state IN ('queued', 'running')"
_SCORED = "SELECT count(*) FROM submissions_submission WHERE state = 'scored'"


def measure(*, quick: bool) -> Iterator[Figure]:
    submissions, rounds = (4, 1) if quick else (16, 3)  # at a round's end one worker waits
    with TemporaryDirectory(prefix="stylearena-bench-") as home, Postgres() as postgres:
        folder = Path(home)
        archive = export_method(METHODS["reinhard"], folder)
        settings = {"STYLEARENA_DATABASE_URL": postgres.url, "OMP_NUM_THREADS": "1"}
        with Arena(folder, **settings) as arena:
            arena.call("django", "migrate", "--verbosity=0")
            bench = _Bench(arena, postgres, archive)
            ones, twos, visits = [], [], []
            for _ in range(rounds):
                ones.append(bench.seconds(submissions, cores=[0]))
                twos.append(bench.seconds(submissions, cores=[0, 1]))
            with bench.visited(visits):
                bench.seconds(submissions, cores=[0, 1])
    yield Figure.of("workers.one", "s", ones)
    yield Figure.of("workers.two", "s", twos)
    yield Figure.of("workers.two.throughput", "x", (a / b for a, b in zip(ones, twos, strict=True)))
    yield Figure("site.p95.while-judging", quantile(visits, 0.95) * 1e3, "ms", ())


class _Bench:
    """An arena with a site, and rounds of submissions judged by as many workers as cores."""

    def __init__(self, arena: Arena, postgres: Postgres, archive: Path) -> None:
        self._arena, self._archive = arena, archive
        # One connection and few looks: whoever measures must not take a core for it.
        self._database = psycopg.connect(postgres.url, autocommit=True)
        self._handed_in = 0
        self._hand_in(1)  # makes the phase
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "stylearena.wsgi", "--threads=4"]
        arena.spawn("site", [*command, f"--bind=127.0.0.1:{port}", "--no-control-socket"])
        self._address = f"http://127.0.0.1:{port}/"
        arena.start("sweeper")

    def seconds(self, submissions: int, *, cores: list[int]) -> float:
        """From when warm workers find ``submissions`` waiting until the last is scored."""
        workers = [self._worker(core) for core in cores]
        self._hand_in(len(cores))  # the first job of a process loads what the others find warm
        self._await_rest()
        before = self._count(_SCORED)
        for worker in workers:
            worker.send_signal(signal.SIGSTOP)  # until everything waits for them
        self._hand_in(submissions)
        for worker in workers:
            worker.send_signal(signal.SIGCONT)
        begin = time.perf_counter()
        self._await_rest()
        seconds = time.perf_counter() - begin
        assert self._count(_SCORED) == before + submissions
        for worker in workers:
            self._arena.kill(worker)
        return seconds

    @contextmanager
    def visited(self, visits: list[float]) -> Iterator[None]:
        """Somebody looks at the site all the time; ``visits`` gets the seconds of each look."""
        ended = threading.Event()
        visitor = threading.Thread(target=self._visit, args=(ended, visits))
        visitor.start()
        try:
            yield
        finally:
            ended.set()
            visitor.join()

    def _worker(self, core: int) -> "subprocess.Popen[bytes]":
        command = ["taskset", "--cpu-list", str(core % (os.cpu_count() or 1)), sys.executable]
        return self._arena.spawn("worker", [*command, "-m", "django", "worker"])

    def _hand_in(self, count: int) -> None:
        names = [f"painter-{self._handed_in + number}" for number in range(count)]
        self._handed_in += count
        options = ["--shard-pairs", "100"]
        self._arena.call("tests.e2e.hand_in", str(self._archive), *names, *options)

    def _await_rest(self) -> None:
        self._arena.await_true(
            "judged", lambda: not self._count(_UNFINISHED), seconds=300, pause=0.1
        )

    def _count(self, query: str) -> int:
        ((found,),) = self._database.execute(query).fetchall()
        return int(found)

    def _visit(self, ended: threading.Event, visits: list[float]) -> None:
        with httpx.Client(timeout=30) as browser:
            while not ended.wait(0.05):
                begin = time.perf_counter()
                if browser.get(self._address).status_code == 200:
                    visits.append(time.perf_counter() - begin)
