"""A PostgreSQL cluster of our own, in a temporary folder, for as long as a block or a command runs.

``python -m tests.postgres COMMAND …`` runs COMMAND with STYLEARENA_DATABASE_URL leading to it.
PostgreSQL refuses to run as root, so root starts it as Debian's user ``postgres``.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from stylearena.demo.installation import free_port

__all__ = ["Postgres", "end_in_order", "programs"]

_PATIENCE = 30.0
_USER = "arena"
# Nothing here outlives the machine: what guards against its loss only costs time. The server may
# crash, though, so that each commit reaches the kernel before it is answered.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


def programs() -> Path | None:
    """The folder of PostgreSQL's newest server programs; None where it is not installed."""
    versions = list(Path("/usr/lib/postgresql").glob("[0-9]*/bin"))
    if versions:
        return max(versions, key=lambda folder: float(folder.parent.name))
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@dataclass(slots=True)
class Postgres:
    """Context manager around a fresh cluster with one empty database; ``url`` leads to it."""

    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    _password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    _home: TemporaryDirectory[str] | None = None
    _server: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"postgres://{_USER}:{self._password}@{self.host}:{self.port}/postgres"

    @property
    def log(self) -> Path:
        """What the server said."""
        assert self._home is not None
        return Path(self._home.name) / "log"

    def __enter__(self) -> Self:
        self._home = TemporaryDirectory(prefix="stylearena-postgres-")
        folder = Path(self._home.name)
        if os.getuid() == 0:
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        try:
            self._initialise(folder)
            self.start()
        except BaseException:
            self.stop(signal.SIGQUIT)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if self._home is not None:
            self._home.cleanup()

    def start(self) -> None:
        """Start the server on the cluster and wait until it answers."""
        assert self._home is not None
        folder = Path(self._home.name)
        options = {
            **_SETTINGS,
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": str(folder),
        }
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [_program("postgres"), "-D", str(folder / "data"), *arguments],
                stdout=log,
                stderr=log,
                cwd=folder,
                start_new_session=True,
                **_identity(),
            )
        self._await_ready()

    def stop(self, number: int = signal.SIGINT) -> None:
        """End the server: SIGINT cuts every connection, SIGQUIT is as a crash."""
        if self._server is not None:
            self._server.send_signal(number)
            self._server.wait()
            self._server = None

    def _initialise(self, folder: Path) -> None:
        secret = folder / "password"
        secret.write_text(self._password, "utf-8")
        command = [_program("initdb"), "--pgdata", str(folder / "data"), "--username", _USER]
        options = ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--no-sync"]
        done = subprocess.run(
            [*command, *options, "--locale=C.UTF-8"],
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
            **_identity(),
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr}")
        self._allow_every_address(folder / "data" / "pg_hba.conf")

    def _allow_every_address(self, rules: Path) -> None:
        """Whoever can reach it needs the password; which addresses it listens on is ours."""
        with rules.open("a", encoding="utf-8") as file:
            file.write("host all all all scram-sha-256\n")

    def _await_ready(self) -> None:
        command = [_program("pg_isready"), "-q", "-h", self.host, "-p", str(self.port)]
        deadline = time.monotonic() + _PATIENCE
        while subprocess.run(command, check=False).returncode:
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not answer: {self.log.read_text()}")
            time.sleep(0.05)


def _program(name: str) -> str:
    folder = programs()
    if folder is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    return str(folder / name)


def _identity() -> dict[str, str]:
    return {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}


def end_in_order() -> None:
    """Let the first SIGTERM leave every ``with`` block, so that no server stays behind."""

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)


def main(command: list[str]) -> int:
    end_in_order()
    with Postgres() as cluster:
        environment = {**os.environ, "STYLEARENA_DATABASE_URL": cluster.url}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
