"""A box: one entry, loaded once in a confined process, stylising pairs one request at a time.

This is the whole of what the rest of the evaluator sees of the sandbox.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from evaluator.entry import Entry
from evaluator.errors import PlatformFault
from evaluator.sandbox.confined import Confined, Program, Rung
from evaluator.sandbox.conversation import Conversation
from evaluator.sandbox.frames import Frame
from evaluator.sandbox.limits import Limits, Usage, cpu_threads
from evaluator.sandbox.policy import Places
from evaluator.sandbox.rungs import best_rung

__all__ = ["Box"]

_RUNNER = Path(__file__).resolve().with_name("runner.py")
_FAREWELL_SECONDS = 2.0
_GREETING_SECONDS = 60.0  # for the box and its interpreter to be there, whatever the load


class Box:
    """Context manager around one confined entry.

    Entering starts the process and waits until the entry is loaded; ParticipantError with a code
    of ``verdicts.VERDICTS`` or PlatformFault ``sandbox.*`` if it cannot be. The thread that enters
    must outlive the box, which the kernel ends with it. ``rung`` None takes the best there is.
    """

    def __init__(
        self,
        entry: Entry,
        *,
        limits: Limits | None = None,
        device: str = "cpu",
        rung: Rung | None = None,
    ) -> None:
        self._entry, self._limits, self._device = entry, limits or Limits(), device
        self.rung = rung or best_rung(entry.manifest.runtime).rung
        if not self.rung.takes(entry.manifest.runtime):
            raise PlatformFault(
                "sandbox.lane",
                f"The sandbox {self.rung} is for ONNX entries only; use a better one.",
            )
        self._confined: Confined | None = None
        self._conversation: Conversation | None = None
        self._pending: Future[Frame] | None = None
        self._deadline = 0.0
        self._startup_seconds = 0.0
        # Frames are exchanged in a thread of their own, so that times are true and deadlines hold
        # while the caller is busy scoring.
        self._courier = ThreadPoolExecutor(1, thread_name_prefix="box-courier")

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def _start(self) -> None:
        begin = time.monotonic()
        program = Program(_RUNNER, self._entry.manifest.runtime, self._entry.root, self._job)
        self._confined = Confined(program, self.rung, limits=self._limits, device=self._device)
        self._conversation = Conversation(self._confined, str(self._entry.root))
        self._conversation.greet(begin + _GREETING_SECONDS)
        loading = time.monotonic()  # what came before was ours and not the entry's
        self._deadline = loading + self._limits.wall_seconds
        start, late = self._due(loading + self._limits.start_seconds, "start_timeout")
        self._conversation.await_ready(start, late=late)
        self._startup_seconds = time.monotonic() - begin

    def _job(self, places: Places) -> dict[str, object]:
        manifest = self._entry.manifest
        return {
            "runtime": manifest.runtime,
            "root": places.entry,
            "model": f"{places.entry}/{manifest.model}" if manifest.model else None,
            "external": self._entry.facts.external if self._entry.facts else (),
            "entry": manifest.entry,
            "device": self._device,
            "threads": cpu_threads(),
        }

    def stylize(self, content: NDArray[np.uint8], style: NDArray[np.uint8]) -> Frame:
        """Send a request and wait for its answer; see :meth:`send` and :meth:`receive`."""
        self.send(content, style)
        return self.receive()

    def send(self, content: NDArray[np.uint8], style: NDArray[np.uint8]) -> None:
        """Hand over a batch, uint8 [N, H, W, 3] each; its answer comes before the next request."""
        if self._conversation is None or self._pending is not None:
            raise PlatformFault("sandbox.misuse", "One request at a time, inside 'with Box(…)'.")
        deadline, late = self._due(time.monotonic() + self._limits.pair_seconds, "pair_timeout")
        exchange = self._conversation.exchange
        self._pending = self._courier.submit(exchange, content, style, deadline, late=late)

    def _due(self, deadline: float, late: str) -> tuple[float, str]:
        """The sooner of a deadline and the end of all, and what missing it is called."""
        return min((deadline, late), (self._deadline, "wall_timeout"))

    def receive(self) -> Frame:
        """The answer to the last request, uint8 [N, H, W, 3] of the content's size.

        Raises ParticipantError with a code of ``verdicts.VERDICTS``; the box is dead then.
        """
        if self._pending is None:
            raise PlatformFault("sandbox.misuse", "There is no request to receive an answer for.")
        pending, self._pending = self._pending, None
        try:
            return pending.result()
        except BaseException:
            self.kill()
            raise

    def finish(self) -> None:
        """After the last answer: ParticipantError ``entry.bad_frame`` if there are any more."""
        if self._conversation is None or self._pending is not None:
            raise PlatformFault("sandbox.misuse", "Receive every answer before the end.")
        self._conversation.finish(time.monotonic() + _FAREWELL_SECONDS)

    @property
    def usage(self) -> Usage:
        """What the box has used until now; the figures stay after its end."""
        watch = self._confined.watch if self._confined else None
        return Usage(
            peak_memory_bytes=watch.peak_bytes if watch else None,
            cpu_seconds=watch.cpu_seconds if watch else None,
            startup_seconds=self._startup_seconds,
        )

    @property
    def log(self) -> str:
        """The end of what the entry printed, cleaned. For smoke runs only: it may leak pictures."""
        return self._confined.log.text if self._confined else ""

    def interrupt(self) -> None:
        """End the entry from another thread; whoever waits for its answer hears an error."""
        if self._confined is not None:
            self._confined.interrupt()

    def kill(self) -> None:
        """End the box now: every process of it is gone when this returns."""
        self._conversation = None
        if self._confined is not None:
            self._confined.kill()
        self._courier.shutdown(wait=True)
        if self._confined is not None:
            self._confined.channel.close()
