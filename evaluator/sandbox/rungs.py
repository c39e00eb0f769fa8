"""How well this machine can confine an entry: found by starting a box at each rung and trying it.

A rung is taken only if a live probe could do nothing that the rung promises to prevent; otherwise
the next lower one is tried. Lower rungs are for local use and say loudly what they lack. A worker
in production takes none but the rung it was set to, and only with a memory limit of the kernel's.
"""

import functools
import json
import os
import socket
import struct
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from evaluator.entry.wording import one_line
from evaluator.errors import PlatformFault
from evaluator.sandbox.cgroups import make_cgroup
from evaluator.sandbox.channel import ChannelClosedError, DeadlineError
from evaluator.sandbox.confined import Confined, Program, Rung
from evaluator.sandbox.limits import Limits
from evaluator.sandbox.policy import ENVIRONMENT, Places

__all__ = [
    "Rung",
    "RungReport",
    "best_rung",
    "require_confinement",
    "warning_of",
    "weakest",
    "why_not",
]

_PROBE = Path(__file__).resolve().with_name("probe.py")
_PROBE_SECONDS = 20.0
_LIMITS = Limits(memory_bytes=1 << 30, scratch_bytes=1 << 20)
# Two of them are added by the launcher and by Python itself; see policy.py for the rest.
_ALLOWED_ENVIRONMENT = frozenset({*ENVIRONMENT, "PWD", "LC_CTYPE"})
# What the probe may have been able to do, in words for who must act.
_LEAKS: Mapping[str, str] = MappingProxyType(
    {
        "environment": "the judge's environment is seen",
        "reads": "files of the host can be read",
        "writes": "the root or another folder is writable",
        "signals": "the judge can be signalled",
        "tcp": "the network is reached by TCP",
        "udp": "the network is reached by UDP",
        "privileges": "privileges are kept or can be gained",
        "namespaces": "user namespaces can be made",
        "uid": "the uid inside is root's",
        "host_root": "the uid on the host is root's",
        "system_calls": "system calls are not filtered",
        "memory": "no control group bounds the memory",
    }
)
_FILES = frozenset({"environment", "reads", "writes"})
_KERNEL = frozenset({"privileges", "namespaces", "system_calls", "tcp", "udp"})
# What each rung promises to prevent.
_PROMISES: Mapping[Rung, frozenset[str]] = MappingProxyType(
    {
        Rung.BUBBLEWRAP: frozenset(_LEAKS) - {"memory"},
        Rung.UNSHARE: frozenset(_LEAKS) - {"memory", "host_root"},
        Rung.LANDLOCK: _FILES | _KERNEL,
        Rung.PROCESS: frozenset({"environment"}),
    }
)
_IN_PRODUCTION = frozenset({"memory", "uid", "host_root"})
_INSTALL = "Install bubblewrap (Debian and Ubuntu: apt install bubblewrap)"
_WARNINGS: Mapping[Rung, str] = MappingProxyType(
    {
        Rung.BUBBLEWRAP: "",
        Rung.UNSHARE: (
            "REDUCED SANDBOX (unshare): entries have no network, no home and a read-only system, "
            f"but by a launcher of our own that is less tried than bubblewrap. {_INSTALL}."
        ),
        Rung.LANDLOCK: (
            "WEAK SANDBOX (Landlock): entries cannot open your files nor use the network, but they "
            "share your user and can see and signal some of your processes. Only ONNX entries run "
            f"in it. {_INSTALL}."
        ),
        Rung.PROCESS: (
            "NO SANDBOX: entries run as ordinary processes with all your rights; they can read "
            f"your files and use the network. Judge only entries that you trust. {_INSTALL}."
        ),
    }
)


_NO_MEMORY_LIMIT = (
    "NO MEMORY LIMIT OF THE KERNEL: no control group can be made here, so that an entry's memory "
    "is watched from outside and may pass its limit for a moment."
)


@dataclass(frozen=True, slots=True)
class RungReport:
    """The rung to use, what it lacks in words (empty at the best), why higher ones were refused."""

    rung: Rung
    warning: str
    refused: Mapping[Rung, str]


@functools.cache
def best_rung(kind: str = "onnx") -> RungReport:
    """The best rung for ``"onnx"`` or ``"python"`` entries whose promises hold on this machine.

    Tested once in each process; PlatformFault ``sandbox.unavailable`` where none holds.
    """
    refused: dict[Rung, str] = {}
    for rung in Rung:
        reason = why_not(rung) if rung.takes(kind) else "it is for ONNX entries only"
        if not reason:
            warning = " ".join(filter(None, (_WARNINGS[rung], _memory_warning())))
            return RungReport(rung, warning, MappingProxyType(refused))
        refused[rung] = reason
    said = "; ".join(f"{rung}: {reason}" for rung, reason in refused.items())
    raise PlatformFault("sandbox.unavailable", f"No sandbox works on this machine ({said}).")


def warning_of(rung: Rung) -> str:
    """What a reader must know of a result from that rung; empty for the full confinement."""
    return _WARNINGS[rung]


def weakest(found: Iterable[Rung]) -> Rung:
    """The rung that promises least of those found."""
    return max(found, key=list(Rung).index)


def _memory_warning() -> str:
    group = make_cgroup(_LIMITS)
    if group is None:
        return _NO_MEMORY_LIMIT
    group.remove()
    return ""


def require_confinement(rung: Rung = Rung.BUBBLEWRAP) -> None:
    """PlatformFault ``sandbox.unavailable`` unless ``rung`` holds here, with a memory limit.

    For workers in production, where the plain process is never enough.
    """
    if rung is Rung.PROCESS:
        raise PlatformFault("sandbox.unavailable", "A plain process confines nothing.")
    reason = why_not(rung, besides=_IN_PRODUCTION)
    if reason:
        raise PlatformFault(
            "sandbox.unavailable",
            f"Entries cannot be confined on this machine ({rung}): {reason.rstrip('.')}. {_INSTALL}"
            ", allow unprivileged user namespaces, and give the worker a control group to write to "
            "(systemd: Delegate=yes); workers do not run without.",
        )


def why_not(rung: Rung, besides: frozenset[str] = frozenset()) -> str:
    """Why ``rung`` cannot be used here; empty if a live probe found that it holds.

    ``besides`` names leaks that it must not have although it promises nothing about them.
    """
    try:
        findings = _probe(rung)
    except (PlatformFault, OSError) as error:
        return one_line(str(error))
    except (DeadlineError, ChannelClosedError, ValueError):
        return "the probe gave no answer"
    if not findings["scratch"]:
        return "the box has no private temporary folder"
    broken = _leaks(findings) & (_PROMISES[rung] | besides)
    return ", ".join(said for leak, said in _LEAKS.items() if leak in broken)


def _leaks(findings: Mapping[str, Any]) -> set[str]:
    """What the probe could do that a perfect box would not let it do."""
    leaks = {name for name in _LEAKS.keys() - {"environment", "uid"} if findings[name]}
    if not set(findings["environment"]) <= _ALLOWED_ENVIRONMENT:
        leaks.add("environment")
    if findings["uid"] == 0:
        leaks.add("uid")
    return leaks


def _probe(rung: Rung) -> dict[str, Any]:
    """Start the probe at ``rung`` beside bait of ours; what it got is checked from outside too."""
    with (
        tempfile.TemporaryDirectory(prefix="stylearena-probe-") as name,
        _listener(socket.SOCK_STREAM) as tcp,
        _listener(socket.SOCK_DGRAM) as udp,
    ):
        folder = Path(name)
        entry, bait = folder / "entry", folder / "bait"
        for path in (entry, bait):
            path.mkdir()
        (bait / "secret").write_text("secret")
        findings = _ask(rung, entry, bait, tcp.getsockname()[1], udp.getsockname()[1])
        findings["tcp"] |= _was_reached(tcp)
        findings["udp"] = _was_reached(udp)  # sending alone proves nothing
        return findings


def _ask(rung: Rung, entry: Path, bait: Path, tcp: int, udp: int) -> dict[str, Any]:
    def job(places: Places) -> dict[str, object]:
        return {
            "secrets": [str(bait / "secret"), str(Path.home()), "/etc/passwd"],
            "folders": ["/", "/usr", "/opt", "/var", str(Path.home()), str(bait), places.entry],
            "scratch": places.scratch,
            "judge": os.getpid(),
            "tcp": tcp,
            "udp": udp,
        }

    confined = Confined(Program(_PROBE, "onnx", entry, job), rung, limits=_LIMITS)
    try:
        deadline = time.monotonic() + _PROBE_SECONDS
        (size,) = struct.unpack("<I", confined.channel.read(4, deadline))
        findings: dict[str, Any] = json.loads(confined.channel.read(min(size, 1 << 16), deadline))
        findings |= {"host_root": confined.is_root, "memory": confined.cgroup is None}
    except ChannelClosedError:
        confined.kill()
        last = confined.log.text.strip().rpartition("\n")[2]
        raise PlatformFault("sandbox.start_failed", one_line(last) or "no answer") from None
    finally:
        confined.kill()
        confined.channel.close()
    return findings


def _listener(kind: int) -> socket.socket:
    server = socket.socket(socket.AF_INET, kind)
    server.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        server.listen(1)
    return server


def _was_reached(server: socket.socket) -> bool:
    server.settimeout(0.05)
    try:
        if server.type == socket.SOCK_STREAM:
            server.accept()[0].close()
        else:
            server.recv(16)
    except TimeoutError:
        return False
    return True
