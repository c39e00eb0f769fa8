"""A platform of real processes for one test: Redis, workers, a sweeper, a database in a file.

The test looks on from outside: it starts and kills processes and reads the database.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar

from stylearena.demo.redis_server import RedisServer

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


class Arena:
    """Context manager around the processes; everything it started is gone when it is left."""

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", **settings: str) -> None:
        self.folder = folder
        self._redis = RedisServer(folder / "redis", host=host)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
            "DJANGO_SETTINGS_MODULE": "stylearena.settings",
            "STYLEARENA_MODE": "test",
            "STYLEARENA_DATA_DIR": str(folder),
            "STYLEARENA_CACHE_DIR": str(folder / "cache"),
            "STYLEARENA_REDIS_URL": self._redis.url,
            "STYLEARENA_LOG_LEVEL": "INFO",
            **settings,
        }

    def __enter__(self) -> Self:
        self.start_redis()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes[::-1]:
            self.kill(process)

    def call(self, module: str, *arguments: str) -> str:
        """Run ``python -m module`` to its end; what it printed."""
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, env=self._environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_redis(self) -> "subprocess.Popen[bytes]":
        """Start the broker on its data, the first time or again, and wait until it answers."""
        process = self.spawn("redis", self._redis.command, stdin=self._redis.settings)
        self._redis.await_ready()
        return process

    def start(self, command: str, *arguments: str, **variables: str) -> "subprocess.Popen[bytes]":
        """Start a management command that runs until it is ended."""
        line = [sys.executable, "-m", "django", command, *arguments]
        return self.spawn(command, line, variables=variables)

    def kill(self, process: "subprocess.Popen[bytes]", number: int = signal.SIGKILL) -> None:
        """Signal the process itself, as an operator or the kernel would, and wait for its end."""
        if process.poll() is None:
            os.kill(process.pid, number)
        process.wait()

    def query(self, sql: str, *values: Any) -> list[Any]:
        """Rows of the database, read from outside."""
        address = f"file:{self.folder}/stylearena.sqlite3?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def report(self, submission: str) -> dict[str, Any]:
        """The published report of a submission."""
        ((name,),) = self.query(
            "SELECT report FROM judging_evaluation WHERE submission_id = ? AND is_promoted",
            submission,
        )
        found: dict[str, Any] = json.loads((self.folder / "media" / name).read_text("utf-8"))
        return found

    def await_true(
        self, what: str, is_so: Callable[[], T], seconds: float = 120.0, pause: float = 0.01
    ) -> T:
        """What ``is_so`` says once it is true, asked every ``pause`` seconds; or the logs."""
        deadline = time.monotonic() + seconds
        while not (found := is_so()):
            assert time.monotonic() < deadline, f"never {what}:\n{self._logs()}"
            time.sleep(pause)
        return found

    def spawn(
        self,
        name: str,
        command: list[str],
        stdin: bytes = b"",
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> "subprocess.Popen[bytes]":
        """Start ``command``; what it prints goes to ``NAME.log``."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env={**self._environment, **variables},
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
        return process

    @property
    def environment(self) -> Mapping[str, str]:
        """What every process is started with."""
        return self._environment

    def _logs(self) -> str:
        return "\n".join(path.read_text("utf-8")[-3000:] for path in self.folder.glob("*.log"))
