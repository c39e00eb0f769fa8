"""The process tree of a box, seen from the host: its memory, its processor time, and its end.

The watch reads the host's /proc a few times a second; ``kill`` returns when all are gone.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from evaluator.sandbox.cgroups import BoxCgroup

__all__ = ["ProcessTree", "TreeWatch"]

_INTERVAL = 0.1
_KILL_SECONDS = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")


class ProcessTree:
    """Everything below one process, everything in its group, and every daemon seen leaving it.

    Processes are known by number and start time: numbers are used again.
    """

    def __init__(self, root: int, cgroup: BoxCgroup | None) -> None:
        self._root, self._cgroup = root, cgroup
        self._seen: dict[int, float] = {}
        self.look()

    def look(self) -> set[int]:
        """The living processes of the tree, each noted for later."""
        pids = self._cgroup.members() if self._cgroup else self._descendants()
        for pid in pids | {self._root}:
            if pid not in self._seen and (started := _started(pid)) is not None:
                self._seen[pid] = started
        return {pid for pid, started in list(self._seen.items()) if _started(pid) == started}

    def _descendants(self) -> set[int]:
        known = self._seen.get(self._root)
        if known is not None and _started(self._root) != known:
            return set()
        with contextlib.suppress(psutil.Error):
            return {child.pid for child in psutil.Process(self._root).children(recursive=True)}
        return set()

    def is_root(self) -> bool:
        """Whether any of it has root's uid on the host; so is what cannot be looked at."""
        try:
            uids = [uid for pid in self.look() for uid in psutil.Process(pid).uids()]
        except psutil.Error:
            return True
        return not uids or 0 in uids

    def kill(self) -> None:
        """SIGKILL all of it and wait until it is gone, at most a few seconds.

        The outermost process goes last, so that it reaps the rest and leaves no zombie behind.
        """
        deadline = time.monotonic() + _KILL_SECONDS
        while (alive := self.look()) and time.monotonic() < deadline:
            for pid in (alive - {self._root}) or alive:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)


def _started(pid: int) -> float | None:
    """When a living process started; None for one that is gone or a zombie."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


@dataclass(slots=True)
class _Sample:
    peak_bytes: int = 0  # high-water marks of resident memory, summed
    private_bytes: int = 0  # resident now and not backed by a file
    cpu_seconds: float = 0.0


class TreeWatch:
    """A thread that samples a tree and reports a breach of the memory limit, once."""

    def __init__(
        self, tree: ProcessTree, *, memory_bytes: int, on_breach: Callable[[], None]
    ) -> None:
        self._tree, self._memory_bytes, self._on_breach = tree, memory_bytes, on_breach
        self._stop = threading.Event()
        self.peak_bytes: int | None = None
        self.cpu_seconds: float | None = None
        self._thread = threading.Thread(target=self._watch, name="box-watch", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(_INTERVAL):
            if self.sample().private_bytes > self._memory_bytes:
                self._on_breach()
                return

    def sample(self) -> _Sample:
        """Measure the tree now."""
        total = _Sample()
        for pid in self._tree.look():
            with contextlib.suppress(OSError, ValueError, IndexError):
                _add(total, pid)
        self.peak_bytes = max(self.peak_bytes or 0, total.peak_bytes)
        self.cpu_seconds = max(self.cpu_seconds or 0.0, total.cpu_seconds)
        return total

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()


def _add(sample: _Sample, pid: int) -> None:
    with open(f"/proc/{pid}/status") as file:  # noqa: PTH123 - read ten times a second
        fields = dict(line.split(":", 1) for line in file if line.startswith(("VmHWM", "Rss")))
    kib = {key: int(value.split()[0]) for key, value in fields.items()}
    sample.peak_bytes += kib.get("VmHWM", 0) << 10
    sample.private_bytes += (kib.get("RssAnon", 0) + kib.get("RssShmem", 0)) << 10
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        after_name = file.read().rpartition(")")[2].split()
    sample.cpu_seconds += (int(after_name[11]) + int(after_name[12])) / _TICKS
