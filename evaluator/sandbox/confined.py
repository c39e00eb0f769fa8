"""A confined process, its pipes and its pictures: started, watched, killed whole.

One rung's command is chosen here; the process joins its control group before it becomes that
command, so that nothing it does goes uncounted.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from evaluator.errors import PlatformFault
from evaluator.sandbox.bubblewrap import bubblewrap_command
from evaluator.sandbox.cgroups import BoxCgroup, make_cgroup
from evaluator.sandbox.channel import Channel, Pipe
from evaluator.sandbox.identity import PoolUid, claim_uid
from evaluator.sandbox.limits import Limits
from evaluator.sandbox.log import LogDrain
from evaluator.sandbox.lower_rungs import landlock_command, process_command, unshare_command
from evaluator.sandbox.policy import Places, Policy, box_places, box_policy, host_places
from evaluator.sandbox.region import Region
from evaluator.sandbox.runtime import Runtime, runtime_for
from evaluator.sandbox.seccomp import filter_file
from evaluator.sandbox.staging import box_folder, staged, unprivileged
from evaluator.sandbox.tree import ProcessTree, TreeWatch

__all__ = ["Confined", "Program", "Rung"]

# Joins the groups ("0" is the writer itself), then becomes the command.
_JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 125; shift; done; shift; exec "$@"'
_ADDRESS_SLACK = {"onnx": 2 << 30, "python": 16 << 30}  # libraries mapped, never touched


class Rung(StrEnum):
    """How far a process is confined, best first."""

    BUBBLEWRAP = "bubblewrap"
    UNSHARE = "unshare"
    LANDLOCK = "landlock"
    PROCESS = "process"

    @property
    def filters(self) -> bool:
        """Whether the box's system calls go through the filter."""
        return self is not Rung.PROCESS

    @property
    def has_own_root(self) -> bool:
        """Whether the box has a file system and a user namespace of its own."""
        return self in {Rung.BUBBLEWRAP, Rung.UNSHARE}

    def takes(self, kind: str) -> bool:
        """Whether entries of ``kind`` may run here: Landlock is too weak for code of theirs."""
        return self is not Rung.LANDLOCK or kind == "onnx"

    def meets(self, demanded: "Rung") -> bool:
        """Whether this rung confines at least as far as ``demanded``."""
        return list(Rung).index(self) <= list(Rung).index(demanded)


@dataclass(frozen=True, slots=True)
class Program:
    """What to run in the box: a file of ours, and the job it gets besides limits and pipes."""

    file: Path
    kind: str  # of runtime: "onnx" or "python"
    entry: Path
    job: Callable[[Places], dict[str, object]]


class Confined:
    """A started process tree with its channel, log and watch; ``kill`` ends all of it.

    ``breach`` names the limit whose breach made a watching thread end the tree, if one did.
    """

    def __init__(
        self, program: Program, rung: Rung, *, limits: Limits, device: str = "cpu"
    ) -> None:
        self.rung = rung
        self.breach = ""
        self._ended = False
        self._folder = box_folder()
        self._uid: PoolUid | None = None
        self.cgroup = make_cgroup(limits)
        requests, responses, log = Pipe(), Pipe(), Pipe()
        region = Region()
        inner = (requests.read_end, responses.write_end, region.read_end)
        filtering = filter_file()
        try:
            command = self._command(program, limits, device, inner, filtering)
            self._process = _spawn(
                command,
                self.cgroup,
                (*inner, *([filtering] if rung.filters else [])),
                log.write_end,
                environment=self._environment,
                folder=Path("/") if rung.has_own_root else program.entry,
            )
        except BaseException:
            _close(requests.write_end, responses.read_end, log.read_end)
            region.close()
            self._tidy()
            raise
        finally:
            _close(*inner, log.write_end, filtering)
        pidfd = os.pidfd_open(self._process.pid)
        self.channel = Channel(
            request=requests.write_end, response=responses.read_end, pidfd=pidfd, region=region
        )
        self._watch(log.read_end, limits)

    def _watch(self, log: int, limits: Limits) -> None:
        """Keep the log, and end the tree where it passes a limit."""
        self._tree = ProcessTree(self._process.pid, self.cgroup)
        self.log = LogDrain(
            log,
            keep=limits.log_bytes,
            flood=limits.log_flood_bytes,
            on_flood=lambda: self._end_for("log_flood"),
        )
        self.watch = TreeWatch(
            self._tree,
            memory_bytes=limits.memory_bytes,
            on_breach=lambda: self._end_for("memory"),
        )

    def _command(
        self,
        program: Program,
        limits: Limits,
        device: str,
        inner: tuple[int, int, int],
        filtering: int,
    ) -> list[str]:
        runtime = runtime_for(program.kind)
        places = self._places(program, runtime)
        rlimits = _rlimits(limits, self.rung, self.cgroup, program.kind, device)
        job = program.job(places)
        job |= dict(zip(("requests", "responses", "pictures"), inner, strict=True))
        job["rlimits"] = rlimits
        policy = box_policy(
            runtime,
            places,
            program=program.file,
            job=job,
            entry=program.entry,
            folder=self._folder,
            limits=limits,
            device=device,
        )
        self._environment = {} if self.rung.has_own_root else dict(policy.environment)
        match self.rung:
            case Rung.BUBBLEWRAP:
                return self._bubblewrap(policy, filtering)
            case Rung.UNSHARE:
                unshare = _tool("unshare", "util-linux")
                return unshare_command(unshare, policy, filter_file=filtering)
            case Rung.LANDLOCK:
                return landlock_command(policy, runtime, filter_file=filtering)
            case Rung.PROCESS:
                return process_command(policy, runtime)

    def _bubblewrap(self, policy: Policy, filtering: int) -> list[str]:
        """bubblewrap as this user or, where that is root, as a uid of the box's own."""
        bwrap = _tool("bwrap", "bubblewrap")
        self._uid = claim_uid()
        if self._uid is None:
            return bubblewrap_command(bwrap, policy, filter_file=filtering)
        policy, mounts = staged(policy)
        command = bubblewrap_command(bwrap, policy, filter_file=filtering)
        return unprivileged(command, uid=self._uid.number, mounts=mounts)

    def _places(self, program: Program, runtime: Runtime) -> Places:
        if self.rung.has_own_root:
            return box_places()
        return host_places(runtime, program=program.file, entry=program.entry, folder=self._folder)

    @property
    def is_root(self) -> bool:
        """Whether the kernel takes the box for root, whatever it is told inside."""
        return self._tree.is_root()

    def returncode(self, seconds: float) -> int | None:
        """The exit status, once it ended by itself within ``seconds``; 128 + n for signal n."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        return code if code >= 0 else 128 - code

    def _end_for(self, breach: str) -> None:
        """Called by a watching thread; whoever waits for an answer sees the pipe close."""
        self.breach = self.breach or breach
        self._tree.kill()

    def interrupt(self) -> None:
        """SIGKILL everything and return when it is gone; ``kill`` tidies up after it."""
        if not self._ended:
            self._tree.kill()

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel or the watch ended something here for memory."""
        return self.breach == "memory" or bool(self.cgroup and self.cgroup.ran_out_of_memory())

    def kill(self) -> None:
        """SIGKILL everything, wait until it is gone, remove the group and the folder."""
        if self._ended:
            return
        self._ended = True
        self.watch.sample()
        self.watch.stop()
        self._tree.kill()
        self._process.wait()
        self.log.join(2)
        self._tidy()

    def _tidy(self) -> None:
        if self.cgroup:
            self.cgroup.remove()
        if self._uid:
            self._uid.release()
        shutil.rmtree(self._folder, ignore_errors=True)


def _spawn(
    command: list[str],
    cgroup: BoxCgroup | None,
    inherited: tuple[int, ...],
    log: int,
    *,
    environment: dict[str, str],
    folder: Path,
) -> subprocess.Popen[bytes]:
    joining = ["/bin/sh", "-c", _JOIN, "sh", *map(str, cgroup.procs_files if cgroup else ()), "--"]
    return subprocess.Popen(
        [*joining, *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=inherited,
        env=environment,
        cwd=folder,
        start_new_session=True,
    )


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _tool(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise PlatformFault(
            f"sandbox.{name}",
            f"{name} is not installed; install the system package {package} (Debian: "
            f"apt install {package}).",
        )
    return path


def _rlimits(
    limits: Limits, rung: Rung, cgroup: BoxCgroup | None, kind: str, device: str
) -> dict[str, tuple[int, int]]:
    """What the program sets upon itself first of all, inside its user namespace."""
    processes = limits.tasks + (0 if rung.has_own_root else _tasks_of_this_user())
    rlimits = {
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_CPU": (limits.cpu_seconds, limits.cpu_seconds + 5),
        "RLIMIT_FSIZE": (limits.scratch_bytes, limits.scratch_bytes),
        "RLIMIT_NOFILE": (limits.open_files, limits.open_files),
        "RLIMIT_NPROC": (processes, processes),
    }
    if cgroup is None and device == "cpu":  # CUDA maps far more than it uses
        bound = limits.memory_bytes + _ADDRESS_SLACK[kind]
        rlimits["RLIMIT_AS"] = (bound, bound)
    return rlimits


def _tasks_of_this_user() -> int:
    """Without a user namespace the limit counts everything the user runs already."""
    tasks = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == os.getuid():
                tasks += process.num_threads()
    return tasks
