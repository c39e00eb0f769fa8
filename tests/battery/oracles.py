"""Host-side oracles: whether an attack got what it wanted, judged by what the host can see.

Each answers True when the attack worked. ``Outcome`` is what came out of the box or, in the
positive control, of the same code in a bare process.
"""

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from evaluator.entry.wording import has_unsafe
from tests.battery.scene import Host

__all__ = ["ORACLES", "Outcome", "hurt"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All text that came out, the verdict's code, what was seen while it ran, seconds it took."""

    text: str
    code: str
    crowd: int  # most processes of the scene's name, or threads in them, at once
    peak_bytes: int
    seconds: float
    entry_changed: bool


def leaked(host: Host, out: Outcome) -> bool:
    """A secret came out, in whatever came out."""
    first = Path("/etc/passwd").read_text().partition("\n")[0]
    return host.secret in out.text or first in out.text


def reached(host: Host, _: Outcome) -> bool:
    """Somebody called one of the host's listeners."""
    return bool(host.calls())


def marked(host: Host, out: Outcome) -> bool:
    """A file of the host was made, changed or opened up."""
    changed = host.secret_file.read_text() != host.secret
    opened = stat.S_IMODE(host.secret_file.stat().st_mode) != 0o644
    linked = host.secret_file.stat().st_nlink > 1
    return changed or opened or linked or any(host.marks.iterdir()) or out.entry_changed


def hurt(host: Host, _: Outcome | None = None) -> bool:
    """The victim was killed, stopped, slowed or limited."""
    if host.victim.poll() is not None:
        return True
    victim = psutil.Process(host.victim.pid)
    limit = victim.rlimit(psutil.RLIMIT_NOFILE)[0]
    return victim.status() == psutil.STATUS_STOPPED or victim.nice() > 0 or limit < 64


def boasted(host: Host, out: Outcome) -> bool:
    """The attack said that it got through, as it does where the kernel did not refuse it."""
    return host.boast in out.text


def crowded(_: Host, out: Outcome) -> bool:
    """More processes and threads than allowed were alive at once."""
    return out.crowd > 100


def bloated(_: Host, out: Outcome) -> bool:
    """More memory than allowed was in use."""
    return out.peak_bytes > 320 << 20


def outlived(host: Host, _: Outcome) -> bool:
    """A process is still there after the end."""
    return bool(host.survivors())


def hung(_: Host, out: Outcome) -> bool:
    """It went on past its time, and was not ended for it."""
    return out.seconds >= 2.5 and not out.code.endswith(("timeout", "cpu_time"))


def flooded(_: Host, out: Outcome) -> bool:
    """More was kept of what it printed than may be."""
    return len(out.text) > 70 << 10


def steered(_: Host, out: Outcome) -> bool:
    """Characters came out that steer a terminal or turn a line around."""
    return has_unsafe(out.text, allowed="\n\t")


ORACLES: dict[str, Callable[[Host, Outcome], bool]] = {
    oracle.__name__: oracle
    for oracle in (
        leaked, reached, marked, hurt, boasted, crowded, bloated, outlived, hung, flooded, steered
    )
}  # fmt: skip
