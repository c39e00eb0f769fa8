"""The policy of a box, in one place: what it shows, what it sets, what it starts.

A policy is plain data. ``bubblewrap.py``, ``unshare.py`` and ``landlock.py`` turn it into a
confined process; nothing else decides what an entry can see.
"""

import json
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from evaluator.sandbox.limits import Limits, cpu_threads
from evaluator.sandbox.runtime import Runtime

__all__ = ["ENVIRONMENT", "Bind", "Places", "Policy", "box_places", "box_policy", "host_places"]

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
GPU_DEVICES = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools")
# The names of all that a box has in its environment.
ENVIRONMENT = (
    "LANG",
    "LD_LIBRARY_PATH",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "OPENBLAS_NUM_THREADS",
    "ORT_DISABLE_TELEMETRY",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
    "TMPDIR",
)
# Without it torch falls back to slow kernels. It is the only file of /proc in a box.
CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Bind:
    """A host path shown read-only in the box."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True)
class Places:
    """Where things stand, as the program in the box sees them."""

    python: str
    program: str
    entry: str
    packages: str
    libraries: str
    scratch: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything a confined process sees and starts with."""

    places: Places
    binds: tuple[Bind, ...]
    symlinks: tuple[tuple[str, str], ...]  # (what it says, where it stands)
    covers: tuple[str, ...]  # folders inside a bind that are shown empty
    devices: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    command: tuple[str, ...]
    scratch_bytes: int
    gpu: bool
    folder: Path  # on the host: private to this box, removed with it


def box_places() -> Places:
    """The places inside a box with a root of its own."""
    return Places(
        python="/opt/python/bin/python3",
        program="/opt/runner.py",
        entry="/entry",
        packages="/opt/packages",
        libraries="/opt/python/lib",
        scratch="/tmp",  # noqa: S108 - of the box, a tmpfs
    )


def host_places(runtime: Runtime, *, program: Path, entry: Path, folder: Path) -> Places:
    """The places where a rung cannot give the box a root of its own."""
    return Places(
        python=str(runtime.interpreter),
        program=str(program),
        entry=str(entry),
        packages=str(folder / "packages"),
        libraries=str(runtime.library_folder),
        scratch=str(folder / "tmp"),
    )


def box_policy(
    runtime: Runtime,
    places: Places,
    *,
    program: Path,
    job: dict[str, object],
    entry: Path,
    folder: Path,
    limits: Limits,
    device: str,
) -> Policy:
    """The policy under which ``program`` runs for the entry unpacked at ``entry``."""
    gpu = device != "cpu"
    return Policy(
        places=places,
        binds=(
            *_system_binds(gpu=gpu),
            *_python_binds(runtime),
            Bind(program, "/opt/runner.py"),
            Bind(entry, "/entry"),
        ),
        symlinks=_system_symlinks(),
        covers=_covers(runtime),
        devices=DEVICES + (tuple(d for d in GPU_DEVICES if Path(d).exists()) if gpu else ()),
        environment=_environment(places),
        # Unbuffered, no byte code written, no site or user packages, no current folder on the path.
        command=(places.python, "-u", "-B", "-S", "-s", "-P", places.program, json.dumps(job)),
        scratch_bytes=limits.scratch_bytes,
        gpu=gpu,
        folder=folder,
    )


def _environment(places: Places) -> tuple[tuple[str, str], ...]:
    threads = str(cpu_threads())
    values = {
        "LANG": "C.UTF-8",
        "LD_LIBRARY_PATH": places.libraries,
        "MKL_NUM_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "PASSIVE",  # idle threads leave the cores to the judge and to others
        "OPENBLAS_NUM_THREADS": threads,
        "ORT_DISABLE_TELEMETRY": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": places.packages,
        "TMPDIR": places.scratch,
    }
    return tuple((name, values[name]) for name in ENVIRONMENT)


def _system_binds(*, gpu: bool) -> tuple[Bind, ...]:
    """The system's shared libraries alone: no programs, no settings, no /proc, no /sys."""
    folders = [Path("/usr/lib64"), Path("/lib64")]
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    multiarch = Path("/usr/lib") / triplet
    folders.append(multiarch if triplet and multiarch.is_dir() else Path("/usr/lib"))
    if not Path("/lib").is_symlink():
        folders.append(Path("/lib") / triplet if triplet else Path("/lib"))
    paths = [f for f in folders if f.is_dir() and not f.is_symlink()]
    paths += [CPU_INFO, *([Path("/sys")] if gpu else [])]
    return tuple(Bind(path, str(path)) for path in paths if path.exists())


def _system_symlinks() -> tuple[tuple[str, str], ...]:
    """/lib and /lib64, where the system has them as links into /usr."""
    links = (Path("/lib"), Path("/lib64"))
    return tuple((str(link.readlink()), str(link)) for link in links if link.is_symlink())


def _python_binds(runtime: Runtime) -> tuple[Bind, ...]:
    binds = [Bind(runtime.interpreter, "/opt/python/bin/python3")]
    binds += [Bind(path, _library_target(path)) for path in runtime.standard_library]
    shared = sorted(runtime.library_folder.glob("libpython3*.so*"))
    binds += [Bind(path.resolve(), f"/opt/python/lib/{path.name}") for path in shared]
    if runtime.packages_folder is not None:
        return (*binds, Bind(runtime.packages_folder, "/opt/packages"))
    binds += [Bind(path.resolve(), f"/opt/packages/{path.name}") for path in runtime.packages]
    return tuple(binds)


def _library_target(path: Path) -> str:
    """lib/python3.x or lib64/python3.x, where the interpreter looks for them."""
    return f"/opt/python/{path.parent.name}/{path.name}"


def _covers(runtime: Runtime) -> tuple[str, ...]:
    """The interpreter's own site-packages: not part of the runtime of entries."""
    return tuple(
        f"{_library_target(path)}/{name}"
        for path in runtime.standard_library
        for name in ("site-packages", "dist-packages")
        if (path / name).is_dir()
    )
