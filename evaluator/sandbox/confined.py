"""A confined process and its pipes: started, watched, killed whole.

One rung's command is chosen here; the process joins its control group before it becomes that
command, so that nothing it does goes uncounted.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from evaluator.errors import PlatformFault
from evaluator.sandbox.bubblewrap import bubblewrap_command
from evaluator.sandbox.cgroups import BoxCgroup, make_cgroup
from evaluator.sandbox.channel import Channel, Pipe
from evaluator.sandbox.limits import Limits
from evaluator.sandbox.log import LogDrain
from evaluator.sandbox.lower_rungs import landlock_command, process_command, unshare_command
from evaluator.sandbox.policy import Places, box_places, box_policy, host_places
from evaluator.sandbox.runtime import Runtime, runtime_for
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
    def has_own_root(self) -> bool:
        """Whether the box has a file system and a user namespace of its own."""
        return self in {Rung.BUBBLEWRAP, Rung.UNSHARE}


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
        self._folder = Path(tempfile.mkdtemp(prefix="stylearena-box-"))
        self.cgroup = make_cgroup(limits)
        requests, responses, log = Pipe(), Pipe(), Pipe()
        inner = (requests.read_end, responses.write_end)
        try:
            command = self._command(program, limits, device, inner)
            self._process = _spawn(
                command,
                self.cgroup,
                inner,
                log.write_end,
                environment=self._environment,
                folder=program.entry,
            )
        except BaseException:
            _close(requests.write_end, responses.read_end, log.read_end)
            self._tidy()
            raise
        finally:
            _close(*inner, log.write_end)
        self.channel = Channel(
            request=requests.write_end,
            response=responses.read_end,
            pidfd=os.pidfd_open(self._process.pid),
        )
        self._tree = ProcessTree(self._process.pid, self.cgroup)
        self.log = LogDrain(
            log.read_end,
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
        self, program: Program, limits: Limits, device: str, pipes: tuple[int, int]
    ) -> list[str]:
        runtime = runtime_for(program.kind)
        places = self._places(program, runtime)
        rlimits = _rlimits(limits, self.rung, self.cgroup, program.kind, device)
        job = program.job(places)
        job |= {"requests": pipes[0], "responses": pipes[1], "rlimits": rlimits}
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
                return bubblewrap_command(_tool("bwrap", "bubblewrap"), policy)
            case Rung.UNSHARE:
                return unshare_command(_tool("unshare", "util-linux"), policy)
            case Rung.LANDLOCK:
                return landlock_command(policy, runtime)
            case Rung.PROCESS:
                return process_command(policy, runtime)

    def _places(self, program: Program, runtime: Runtime) -> Places:
        if self.rung.has_own_root:
            return box_places()
        return host_places(runtime, program=program.file, entry=program.entry, folder=self._folder)

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
        shutil.rmtree(self._folder, ignore_errors=True)


def _spawn(
    command: list[str],
    cgroup: BoxCgroup | None,
    pipes: tuple[int, int],
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
        pass_fds=pipes,
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
