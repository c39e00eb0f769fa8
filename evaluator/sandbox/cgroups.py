"""One control group a box, where this process may make one: memory and number of tasks bounded.

Version 1 (memory and pids hierarchies) and version 2 (a writable, delegated group). Where none can
be made, ``make_cgroup`` says so by None and the judge watches the process tree instead.
"""

import contextlib
import os
import signal
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from evaluator.sandbox.limits import Limits

__all__ = ["CGROUP_ROOT", "BoxCgroup", "make_cgroup"]

CGROUP_ROOT = Path("/sys/fs/cgroup")
_PARENT = "stylearena"
_STALE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class BoxCgroup:
    """The groups of one box: one folder under version 2, one for each controller under 1."""

    folders: tuple[Path, ...]

    @property
    def procs_files(self) -> tuple[Path, ...]:
        """Where a process writes 0 to join."""
        return tuple(folder / "cgroup.procs" for folder in self.folders)

    def members(self) -> set[int]:
        """Ids of the processes inside, as the host numbers them."""
        found: set[int] = set()
        for path in self.procs_files:
            with contextlib.suppress(OSError):
                found.update(int(line) for line in path.read_text().split())
        return found

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel has killed a member for memory."""
        return any(
            line.split()[1] != "0"
            for folder in self.folders
            for name in ("memory.oom_control", "memory.events")
            for line in _read(folder / name).splitlines()
            if line.startswith("oom_kill ")
        )

    def kill(self) -> None:
        """SIGKILL every member, forks made meanwhile included."""
        deadline = time.monotonic() + 5
        while (members := self.members()) and time.monotonic() < deadline:
            for pid in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)

    def remove(self) -> None:
        """Remove the groups; they must be empty, and become so a moment after the last exit."""
        deadline = time.monotonic() + 2
        for folder in self.folders:
            while folder.exists() and time.monotonic() < deadline:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.005)


def make_cgroup(limits: Limits, root: Path = CGROUP_ROOT) -> BoxCgroup | None:
    """A new group that bounds memory and tasks, or None where that is not ours to make."""
    name = f"{_PARENT}/{os.getpid()}-{uuid.uuid4().hex[:12]}"
    _sweep(root)
    if (root / "cgroup.controllers").is_file():
        return _make_v2(root / name, limits)
    return _make_v1(root, name, limits)


def _sweep(root: Path) -> None:
    """Remove the empty groups that killed judges left behind, once they are surely nobody's."""
    for folder in [*root.glob(f"{_PARENT}/*-*"), *root.glob(f"*/{_PARENT}/*-*")]:
        with contextlib.suppress(OSError):
            owner = Path("/proc", folder.name.partition("-")[0])
            if not owner.exists() and time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                folder.rmdir()


def _make_v1(root: Path, name: str, limits: Limits) -> BoxCgroup | None:
    group = BoxCgroup((root / "memory" / name, root / "pids" / name))
    settings = {
        group.folders[0] / "memory.limit_in_bytes": limits.memory_bytes,
        group.folders[1] / "pids.max": limits.tasks,
    }
    if not all((root / controller / "cgroup.procs").exists() for controller in ("memory", "pids")):
        return None
    if not _create(group, settings):
        return None
    with contextlib.suppress(OSError):  # only where swap is accounted
        (group.folders[0] / "memory.memsw.limit_in_bytes").write_text(str(limits.memory_bytes))
    return group


def _make_v2(folder: Path, limits: Limits) -> BoxCgroup | None:
    group = BoxCgroup((folder,))
    with contextlib.suppress(OSError):
        folder.parent.mkdir(exist_ok=True)
        for parent in (folder.parent.parent, folder.parent):
            _set(parent / "cgroup.subtree_control", "+memory +pids")
    settings = {
        folder / "memory.max": limits.memory_bytes,
        folder / "memory.swap.max": 0,
        folder / "pids.max": limits.tasks,
    }
    return group if _create(group, settings) else None


def _create(group: BoxCgroup, settings: dict[Path, int]) -> bool:
    try:
        for folder in group.folders:
            folder.mkdir(parents=True)
        for path, value in settings.items():
            _set(path, value)
    except OSError:
        group.remove()
        return False
    return True


def _set(path: Path, value: int | str) -> None:
    """Write a setting that the kernel offers; a missing swap setting bounds nothing we have."""
    if path.name == "memory.swap.max" and not path.exists():
        return
    with path.open("r+") as file:  # never create: a plain file would bound nothing
        file.write(str(value))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
