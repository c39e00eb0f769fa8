"""One control group a box, where this process may make one: memory and number of tasks bounded.

Version 1 (memory and pids hierarchies) and version 2; owned (root) or delegated to this user. Where
none can be made, ``make_cgroup`` says so by None and the judge watches the process tree instead.
"""

import contextlib
import errno
import itertools
import os
import signal
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from evaluator.sandbox.limits import Limits

__all__ = ["CGROUP_ROOT", "BoxCgroup", "make_cgroup"]

CGROUP_ROOT = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
_PREFIX = "stylearena-"
_JUDGES = "stylearena-judges"
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


def make_cgroup(
    limits: Limits, root: Path = CGROUP_ROOT, membership: Path = OWN_GROUPS
) -> BoxCgroup | None:
    """A new group that bounds memory and tasks, or None where that is not ours to make.

    Below the judge's own group, whose limits then hold for judge and boxes together; where that
    is not delegated to it, at the top of the hierarchy, which only root may write to.
    """
    name = f"{_PREFIX}{os.getpid()}-{uuid.uuid4().hex[:12]}"
    own = _own_groups(membership)
    if (root / "cgroup.controllers").is_file():
        bases = _bases(root, own.get("", "/"))
        _sweep(bases)
        return next((made for base in bases if (made := _make_v2(base, name, limits))), None)
    memory, pids = (_bases(root / word, own.get(word, "/")) for word in ("memory", "pids"))
    _sweep([*memory, *pids])
    return _make_v1(memory, pids, name, limits)


def _own_groups(membership: Path) -> dict[str, str]:
    """The judge's own group in each hierarchy of version 1, by controller; "" is version 2."""
    rows = [line.split(":", 2) for line in _read(membership).splitlines()]
    return {name: path for _, names, path in rows for name in names.split(",")}


def _bases(root: Path, own: str) -> list[Path]:
    """Where groups may be ours to make, best first."""
    inside = root / own.strip("/").removesuffix(_JUDGES)
    return list(dict.fromkeys([inside, root])) if ".." not in own and inside.is_dir() else [root]


def _sweep(bases: list[Path]) -> None:
    """Remove the empty groups that killed judges left behind, once they are surely nobody's."""
    for folder in (found for base in bases for found in base.glob(f"{_PREFIX}*-*")):
        with contextlib.suppress(OSError):
            owner = Path("/proc", folder.name.removeprefix(_PREFIX).partition("-")[0])
            if not owner.exists() and time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                folder.rmdir()


def _make_v1(memory: list[Path], pids: list[Path], name: str, limits: Limits) -> BoxCgroup | None:
    for of_memory, of_pids in itertools.product(memory, pids):
        if not all((base / "cgroup.procs").exists() for base in (of_memory, of_pids)):
            continue
        group = BoxCgroup((of_memory / name, of_pids / name))
        settings = {
            group.folders[0] / "memory.limit_in_bytes": limits.memory_bytes,
            group.folders[1] / "pids.max": limits.tasks,
        }
        if _create(group, settings):
            with contextlib.suppress(OSError):  # only where swap is accounted
                _set(group.folders[0] / "memory.memsw.limit_in_bytes", limits.memory_bytes)
            return group
    return None


def _make_v2(base: Path, name: str, limits: Limits) -> BoxCgroup | None:
    folder = base / name
    with contextlib.suppress(OSError):
        _hand_down(base)
    settings = {
        folder / "memory.max": limits.memory_bytes,
        folder / "memory.swap.max": 0,
        folder / "pids.max": limits.tasks,
    }
    group = BoxCgroup((folder,))
    return group if _create(group, settings) else None


def _hand_down(base: Path) -> None:
    """Give the groups below ``base`` their controllers.

    But for the top, the kernel (EBUSY) wants no process beside them: the judge and what started it
    move into a group of their own, as systemd's Delegate=yes expects of a service.
    """
    control = base / "cgroup.subtree_control"
    if {"memory", "pids"} <= set(_read(control).split()):
        return
    try:
        _set(control, "+memory +pids")
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        leaf = base / _JUDGES
        leaf.mkdir(exist_ok=True)
        for pid in _read(base / "cgroup.procs").split():
            with contextlib.suppress(OSError):
                _set(leaf / "cgroup.procs", pid)
        _set(control, "+memory +pids")


def _create(group: BoxCgroup, settings: dict[Path, int]) -> bool:
    try:
        for folder in group.folders:
            folder.mkdir()
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
