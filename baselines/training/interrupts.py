"""Ctrl-C between two steps: a training that stops there can be kept and loses nothing.

Within a step networks, optimisers and random generators are not of one moment. The first Ctrl-C
therefore only asks; the second interrupts at once, as ever.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

__all__ = ["Kept", "patient"]


class Kept(KeyboardInterrupt):
    """Ctrl-C that was waited for: so many ``steps`` lie in ``folder``, to go on from."""

    def __init__(self, steps: int, folder: Path) -> None:
        super().__init__(steps, folder)
        self.steps, self.folder = steps, folder


@contextmanager
def patient(heard: Callable[[], None] = lambda: None) -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, as a function; KeyboardInterrupt where it is pressed again.

    ``heard`` is called at the first one, in the signal handler: it must wait for no lock.
    Where it is somebody else's (we are on another thread, a host handles it, it is ignored) it
    stays theirs, and the function never says so.
    """
    pressed = threading.Event()

    def hear(number: int, frame: FrameType | None) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        heard()

    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not ours or threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    try:
        signal.signal(signal.SIGINT, hear)
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
