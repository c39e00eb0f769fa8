"""What an entry prints: drained always, kept a little, never trusted.

The end is kept, where the traceback is. A flood ends the box.
"""

import os
import threading
from collections.abc import Callable

from evaluator.entry.wording import visible

__all__ = ["LogDrain"]

_CHUNK = 64 << 10


class LogDrain:
    """A thread that empties the log pipe, so that a printing entry never blocks."""

    def __init__(
        self, descriptor: int, *, keep: int, flood: int, on_flood: Callable[[], None]
    ) -> None:
        self._descriptor, self._keep, self._flood = descriptor, keep, flood
        self._on_flood = on_flood
        self._tail = bytearray()
        self._total = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._drain, name="box-log", daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while chunk := os.read(self._descriptor, _CHUNK):
            with self._lock:
                before, self._total = self._total, self._total + len(chunk)
                self._tail += chunk
                del self._tail[: -self._keep]
            if before <= self._flood < self._total:
                self._on_flood()
        os.close(self._descriptor)

    @property
    def text(self) -> str:
        """The last bytes printed, as text without control or bidirectional characters."""
        with self._lock:
            tail, cut = bytes(self._tail), self._total - len(self._tail)
        text = visible(tail.decode(errors="replace").replace("\r\n", "\n"), allowed="\n\t")
        return f"[{cut} bytes left out]\n{text}" if cut else text

    def join(self, seconds: float) -> None:
        """Wait until everything printed was read: the pipe closes when the last process ends."""
        self._thread.join(seconds)
