"""The demo from its first process to its full board, step by step.

Independent steps run side by side: the worker loads torch and the pictures are painted while the
database is made; entries of the first phase are judged as soon as they can be.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from rich.console import Console

from stylearena.celery import app
from stylearena.competitions.models import Competition, Phase
from stylearena.demo import seed
from stylearena.demo.installation import secret_key
from stylearena.demo.processes import Supervisor, Task
from stylearena.demo.progress import Bars, board_table, follow_painting, unscored
from stylearena.demo.redis_server import RedisServer
from stylearena.leaderboards.queries import board
from stylearena.submissions.models import ACTIVE_STATES, Submission

__all__ = ["Stage"]

_SWEEP_SECONDS = "5"
_SITE_PATIENCE = 60.0
_SITE_THREADS = 8
_MOST_WORKERS = 2


class Stage:
    """Context manager around everything that the demo runs."""

    def __init__(self, console: Console, port: int) -> None:
        self._console = console
        self._port = port
        self._data = Path(settings.DATA_DIR)
        self._logs = self._data / "logs"
        self._supervisor = Supervisor(self._logs)
        self._tasks: list[Task] = []
        self._environment: dict[str, str] = {}
        self._competition: Competition | None = None
        self._submissions: Sequence[Submission] = ()
        self.accounts = self._data / seed.ACCOUNTS_FILE

    def __enter__(self) -> Self:
        self._supervisor.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.stop()
        self._supervisor.stop()

    def set_up(self) -> None:
        """Processes, database, pictures, entries, accounts and the competition."""
        self._start_redis()
        note = self._data / "painting.txt"
        painting = self._run(["-m", "stylearena.demo.painting", str(note)], "painting")
        export = self._export()
        self._start_workers()
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)
        self._keep("sweeper", ["-m", "django", "sweeper"])
        self._keep("site", self._gunicorn())
        self.accounts = seed.make_accounts(self._data)
        with Bars(self._console) as bars:
            self._await([painting, *export], follow_painting(bars, note))
        note.unlink(missing_ok=True)
        self._competition = seed.open_competition()

    def judge(self) -> None:
        """Hand in what is missing, to every phase, and wait for the board of the first.

        The other phases are judged while people look around, or in the next run.
        """
        handed_in = seed.hand_in(self._shown.competition, self._entries)
        self._submissions = [each for each in handed_in if each.phase_id == self._shown.pk]
        with Bars(self._console) as bars:
            while True:
                self._look_again()
                for submission in self._submissions:
                    bars.show_submission(submission)
                if not any(submission.is_active for submission in self._submissions):
                    break
                self.watch()
                time.sleep(1.0)
        self._await_site()

    def show_board(self) -> None:
        """The board of the first phase on the console."""
        self._console.print(board_table(board(self._shown)))

    def still_judged(self) -> bool:
        """Whether entries of the other phases wait or run."""
        others = Submission.objects.exclude(phase=self._shown)
        return others.filter(
            phase__competition=self._shown.competition, state__in=ACTIVE_STATES
        ).exists()

    def faults(self) -> list[str]:
        """A sentence for each reference entry without a score."""
        return unscored(self._submissions)

    def warning(self) -> str:
        """The sandbox's warning, empty at full confinement."""
        from evaluator.sandbox.rungs import best_rung

        return best_rung().warning

    def watch(self) -> None:
        """Start again what has ended by itself."""
        self._supervisor.watch()

    @property
    def _shown(self) -> Phase:
        """The first phase, which is public."""
        assert self._competition is not None  # noqa: S101  (set_up comes first)
        return self._competition.phases.select_related("competition").order_by("order")[0]

    @property
    def _entries(self) -> Path:
        return self._data / "reference-entries"

    def _start_redis(self) -> None:
        server = RedisServer(self._data / "redis")
        self._supervisor.keep("redis", server.command, os.environ, stdin=server.settings)
        platform = str(settings.PACKAGE_DIR.parent)
        here = str(settings.PACKAGE_DIR.parents[1])
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([platform, here, os.environ.get("PYTHONPATH", "")]),
            "DJANGO_SETTINGS_MODULE": "stylearena.settings",
            "STYLEARENA_DATA_DIR": str(self._data),
            "STYLEARENA_SECRET_KEY": secret_key(self._data),
            "STYLEARENA_REDIS_URL": server.url,
            "STYLEARENA_SWEEP_SECONDS": os.environ.get("STYLEARENA_SWEEP_SECONDS", _SWEEP_SECONDS),
        }
        app.conf.update(broker_url=server.url)  # this process hands in through the same broker
        server.await_ready()

    def _start_workers(self) -> None:
        """Two where there are two cores: on small pictures, threads gain less than processes."""
        cores = os.cpu_count() or 1
        workers = min(_MOST_WORKERS, cores)
        threads = {"OMP_NUM_THREADS": str(max(1, cores // workers))}
        for number in range(1, workers + 1):
            command = [sys.executable, "-m", "django", "worker", f"--name=demo-{number}"]
            self._supervisor.keep(f"worker-{number}", command, {**threads, **self._environment})

    def _export(self) -> list[Task]:
        """The reference entries as archives: what ships with the project, whatever lies here."""
        command = ["-m", "baselines", "export", "shipped", "--out", str(self._entries)]
        return [self._run(command, "export")]

    def _gunicorn(self) -> list[str]:
        return [
            "-m",
            "gunicorn",
            "stylearena.wsgi",
            f"--bind=127.0.0.1:{self._port}",
            "--worker-class=gthread",
            f"--threads={_SITE_THREADS}",
            "--no-control-socket",
        ]

    def _keep(self, name: str, arguments: list[str]) -> None:
        self._supervisor.keep(name, [sys.executable, *arguments], self._environment)

    def _run(self, arguments: list[str], log: str) -> Task:
        task = self._supervisor.run([sys.executable, *arguments], self._environment, log)
        self._tasks.append(task)
        return task

    def _await(self, tasks: Sequence[Task], look: Callable[[], None]) -> None:
        while not all(task.is_done() for task in tasks):
            look()
            self.watch()
            time.sleep(0.1)

    def _look_again(self) -> None:
        fresh = Submission.objects.select_related("phase__dataset").in_bulk(
            [submission.pk for submission in self._submissions]
        )
        self._submissions = [fresh[submission.pk] for submission in self._submissions]

    def _await_site(self) -> None:
        """The site must answer before it is called ready."""
        deadline = time.monotonic() + _SITE_PATIENCE
        while time.monotonic() < deadline:
            try:
                with urlopen(f"http://127.0.0.1:{self._port}/", timeout=5):
                    return
            except (URLError, ConnectionError, TimeoutError):
                self.watch()
                time.sleep(0.1)
        raise CommandError(
            f"The site does not answer; {self._data / 'logs' / 'site.log'} says why."
        )
