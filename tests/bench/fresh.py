"""Whole processes, measured from outside: wall time, and peak memory as the kernel counted it.

The kernel charges a new process with the memory of whoever forked it, so callers keep small: they
import neither torch nor numpy themselves.
"""

import os
import resource
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

__all__ = ["ROOT", "Ended", "run_fresh"]

ROOT = Path(__file__).resolve().parents[2]
_SMALL_BYTES = 150 << 20


@dataclass(frozen=True, slots=True)
class Ended:
    """``peak_bytes``: the largest resident set of the process or of any one of its children."""

    seconds: float
    peak_bytes: int
    stdout: str


def run_fresh(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Ended:
    """Run to the end in ``environment``, by default ours; RuntimeError if it ends badly."""
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    assert mine < _SMALL_BYTES, f"the measuring process is too large itself: {mine >> 20} MiB"
    with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=stdout,
            stderr=stderr,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)}\n{_content(stderr)[-2000:]}")
        return Ended(seconds, usage.ru_maxrss << 10, _content(stdout))


def _content(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
