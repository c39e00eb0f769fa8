"""What a box may use, and what it was seen to use.

Frozen values only; who enforces what is written beside each field.
"""

import os
from dataclasses import dataclass

__all__ = ["Limits", "Usage", "cpu_threads"]

_MAX_THREADS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one box. Seconds are wall clock unless said; the judge enforces those itself."""

    memory_bytes: int = 4 << 30  # cgroup, or the judge's watch of the process tree
    processes: int = 64  # see ``tasks``
    cpu_seconds: int = 2400  # RLIMIT_CPU, each process
    wall_seconds: float = 600
    pair_seconds: float = 30
    start_seconds: float = 60
    scratch_bytes: int = 256 << 20  # size of /tmp and of /dev/shm; RLIMIT_FSIZE
    open_files: int = 256  # RLIMIT_NOFILE
    log_bytes: int = 64 << 10  # kept of what the entry prints
    log_flood_bytes: int = 16 << 20  # printing more than this ends the box

    @property
    def tasks(self) -> int:
        """What the kernel counts (pids cgroup, RLIMIT_NPROC): processes, and threads of libraries.

        numpy, onnxruntime and torch each keep a pool as large as the processors they may use.
        """
        return self.processes + 4 * cpu_threads()


@dataclass(frozen=True, slots=True)
class Usage:
    """What a box used. ``peak_memory_bytes`` is resident memory, summed over its processes."""

    peak_memory_bytes: int | None
    cpu_seconds: float | None
    startup_seconds: float


def cpu_threads() -> int:
    """Threads an entry may compute with: the CPUs this process may use, within reason."""
    return min(len(os.sched_getaffinity(0)), _MAX_THREADS)
