"""The place of a demo: its data folder, its lock, its port and its secret key."""

import fcntl
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError

__all__ = ["free_port", "private_file", "require_port", "secret_key", "sole_owner"]


@contextmanager
def sole_owner(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; CommandError if another demo runs there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"A demo is running in {folder} already; stop it first, or set "
                "STYLEARENA_DATA_DIR to another folder."
            ) from None
        yield


def require_port(port: int) -> None:
    """CommandError unless the site can listen on ``port``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}); choose another, for example "
                f"`make demo PORT={port + 1}`."
            ) from error


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def secret_key(folder: Path) -> str:
    """The installation's secret key: made on the first run, read by its owner alone."""
    path = folder / "secret-key"
    if not path.exists():
        private_file(path, secrets.token_urlsafe(50))
    return path.read_text("ascii").strip()


def private_file(path: Path, text: str) -> None:
    """Write ``text`` so that nobody else can read it, not even for a moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
