"""The demo's processes: started in sessions of their own, watched, restarted, and all ended.

Each is killed by the kernel when its starter dies, however it dies; the box of an entry dies with
its worker and gunicorn's children end with gunicorn.
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from django.core.management.base import CommandError

__all__ = ["Supervisor"]

_PR_SET_PDEATHSIG = 1
_MAX_RESTARTS = 3
_PATIENCE = 10.0  # seconds that a process has to end by itself


@dataclass(slots=True)
class _Job:
    """A process and what is needed to start it again."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    stdin: bytes
    process: "subprocess.Popen[bytes]" = field(init=False)
    restarts: int = 0


class Supervisor:
    """Context manager: what it started has ended when it is left. Use it from one thread only.

    (The kernel's death signal follows the thread that started a process, not the process.)
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._jobs: list[_Job] = []
        self._die_with_us = _death_signal()

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def keep(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdin: bytes = b"",
    ) -> None:
        """Start a process that is to run until we end; its output goes to ``logs/<name>.log``."""
        job = _Job(name, command, environment, self._logs / f"{name}.log", stdin)
        self._start(job)
        self._jobs.append(job)

    def run(self, command: Sequence[str], environment: Mapping[str, str], log: str) -> "Task":
        """Start a process that is to end by itself; it is ended with us if it has not."""
        job = _Job(log, command, environment, self._logs / f"{log}.log", b"")
        self._start(job)
        return Task(job.process, job.log)

    def watch(self) -> None:
        """Start again what has ended; CommandError for what keeps ending."""
        for job in self._jobs:
            code = job.process.poll()
            if code is None:
                continue
            if job.restarts == _MAX_RESTARTS:
                raise CommandError(
                    f"The {job.name} keeps ending (exit {code}); {job.log} says why."
                )
            job.restarts += 1
            self._start(job)

    def stop(self) -> None:
        """End everything, the first started last; what does not listen is killed."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave anything behind
        first, rest = self._jobs[:1], self._jobs[1:]
        for jobs in (rest[::-1], first):  # the first is what the others lean on: the broker
            for job in jobs:
                _signal_group(job.process, signal.SIGTERM)
            deadline = time.monotonic() + _PATIENCE
            for job in jobs:
                _end(job.process, deadline)
        self._jobs.clear()

    def _start(self, job: _Job) -> None:
        with job.log.open("ab") as log:
            job.process = self._spawn(job, log)
        if job.process.stdin is not None:
            job.process.stdin.write(job.stdin)
            job.process.stdin.close()

    def _spawn(self, job: _Job, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            job.command,
            env=dict(job.environment),
            stdin=subprocess.PIPE if job.stdin else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=self._die_with_us,  # safe: no thread of ours runs meanwhile
        )


class Task:
    """A process that ends by itself."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process = process
        self._log = log

    def is_done(self) -> bool:
        """Has it ended well? CommandError if it has ended badly."""
        code = self._process.poll()
        if code:
            raise CommandError(f"A step failed (exit {code}); {self._log} says why.")
        return code == 0

    def stop(self) -> None:
        """End it now if it has not ended."""
        _signal_group(self._process, signal.SIGKILL)
        self._process.wait()


def _end(process: "subprocess.Popen[bytes]", deadline: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.1, deadline - time.monotonic()))
    _signal_group(process, signal.SIGKILL)  # its children too, if it left any
    process.wait()


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _death_signal() -> Callable[[], None]:
    """A call for the child between fork and exec: be killed when the parent is gone."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arm() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return arm
