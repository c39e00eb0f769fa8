"""The host that hostile entries are let loose on: bait, listeners, a victim; and what became of it.

Everything an attack could reach is ours and thrown away after: secrets in files, in memory and in
environments, ports that note who calls, a folder that anybody may write to.
"""

import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Host", "host"]

_VICTIM = """
import ctypes, os, sys
held = ctypes.create_string_buffer(sys.stdin.readline().encode())
print(ctypes.addressof(held), flush=True)
sys.stdin.read()
"""


@dataclass
class Host:
    """What the attacks are told (``constants``), and what only the oracles know."""

    folder: Path
    secret: str
    victim: subprocess.Popen[str]
    address: int
    listeners: dict[str, socket.socket]
    name: str = field(default_factory=lambda: f"sa-{secrets.token_hex(4)}")
    boast: str = field(default_factory=lambda: f"boast-{secrets.token_hex(8)}")

    @property
    def secret_file(self) -> Path:
        return self.folder / "secrets" / "secret.txt"

    @property
    def marks(self) -> Path:
        return self.folder / "marks"

    def constants(self) -> str:
        """The module ``host`` beside each attack: where everything is, and no secret."""
        port = {name: s.getsockname()[1] for name, s in self.listeners.items() if "P" in name}
        facts = {
            "SECRET": str(self.secret_file), "MARKS": str(self.marks), "VICTIM": self.victim.pid,
            "ADDRESS": self.address, "LENGTH": len(self.secret), "NAME": self.name,
            "JUDGE": os.getpid(), "BOAST": self.boast, "SHM": str(self.shared),
            "ABSTRACT": f"\0{self.folder}", "SOCKET": str(self.folder / "socket"), **port,
        }  # fmt: skip
        return "".join(f"{key} = {value!r}\n" for key, value in facts.items())

    @property
    def shared(self) -> Path:
        return Path("/dev/shm") / self.folder.name

    def calls(self) -> list[str]:
        """Who called since the last time."""
        called, *_ = select.select(list(self.listeners.values()), [], [], 0)
        for listener in called:
            with suppress(OSError):
                stream = listener.type == socket.SOCK_STREAM
                listener.accept()[0].close() if stream else listener.recv(64)
        return [name for name, listener in self.listeners.items() if listener in called]

    def named(self) -> list[int]:
        """The ids of living processes that call themselves by the scene's name.

        One read for each, the newest first: a fork that forks again has a new id ten times a
        second, and libraries that ask about name and state after each other come too late.
        """
        found = []
        for process in reversed([p for p in Path("/proc").iterdir() if p.name.isdigit()]):
            with suppress(OSError):
                stat = (process / "stat").read_text(errors="replace")
                if f"({self.name}) " in stat and f"({self.name}) Z" not in stat:
                    found.append(int(process.name))
        return found

    def survivors(self) -> list[int]:
        """Those that the first of ten looks finds: what forks on and on slips past some."""
        for _ in range(10):
            if found := self.named():
                return found
            time.sleep(0.01)
        return []

    def reset(self) -> None:
        """As before: for the next attack."""
        while found := self.survivors():
            for pid in found:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        self.calls()
        shutil.rmtree(self.marks, ignore_errors=True)
        self.marks.mkdir()
        self.marks.chmod(0o777)
        self.secret_file.write_text(self.secret)
        self.secret_file.chmod(0o644)
        self.shared.write_text(self.secret)

    def replace_victim(self) -> None:
        """A new one, whole and at its usual priority."""
        end(self.victim)
        self.victim, self.address = start_victim(self.secret)


@contextmanager
def host() -> Iterator[Host]:
    """A fresh scene, gone at the end."""
    secret = f"secret-{secrets.token_hex(12)}"
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="scene-")))
        folder.chmod(0o755)
        (folder / "secrets").mkdir()
        listeners = _listeners(folder)
        for listener in listeners.values():
            closing.callback(listener.close)
        victim, address = start_victim(secret)
        scene = Host(folder, secret, victim, address, listeners)
        closing.callback(lambda: scene.shared.unlink(missing_ok=True))
        closing.callback(lambda: end(scene.victim))
        scene.reset()
        yield scene


def start_victim(secret: str) -> tuple[subprocess.Popen[str], int]:
    """A process with the secret in its memory and its environment; the address of the former."""
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"SECRET": secret},
    )
    assert victim.stdin
    assert victim.stdout
    victim.stdin.write(f"{secret}\n")
    victim.stdin.flush()
    return victim, int(victim.stdout.readline())


def end(victim: subprocess.Popen[str]) -> None:
    victim.kill()
    victim.communicate()


def _listeners(folder: Path) -> dict[str, socket.socket]:
    kinds: dict[str, tuple[int, int, object]] = {
        "TCP": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
        "UDP": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{folder}"),
        "path": (socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "socket")),
    }
    if socket.has_ipv6 and Path("/proc/net/if_inet6").exists():
        kinds["TCP6"] = (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0))
    made = {}
    for name, (family, kind, address) in kinds.items():
        made[name] = socket.socket(family, kind)
        made[name].bind(address)
        if kind == socket.SOCK_STREAM:
            made[name].listen(8)
    (folder / "socket").chmod(0o777)
    return made
