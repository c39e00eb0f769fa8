"""What judge and box say to each other, and the verdict on whatever is said wrongly.

Nothing that comes out of a box is believed: kinds and sizes are checked, deadlines are the judge's,
text is cleaned, and the first thing out of order ends the whole process tree.
"""

import signal
import time
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from evaluator.entry.wording import one_line
from evaluator.errors import PlatformFault
from evaluator.sandbox.channel import ChannelClosedError, DeadlineError
from evaluator.sandbox.confined import Confined
from evaluator.sandbox.frames import (
    HEADER,
    MAX_MESSAGE_BYTES,
    Frame,
    Header,
    Kind,
    MalformedFrameError,
    pack_header,
    unpack_header,
)
from evaluator.sandbox.verdicts import verdict

__all__ = ["Conversation"]

_EXIT_SECONDS = 0.5
# The kinds of error that an entry can be told to have made while stylising.
_PAIR_ERRORS = frozenset({"exception", "memory", "not_finite", "wrong_shape"})


class Conversation:
    """The talk with one confined process; ``entry_root`` is kept out of every text."""

    def __init__(self, confined: Confined, entry_root: str) -> None:
        self._confined, self._entry_root = confined, entry_root

    def greet(self, deadline: float) -> None:
        """Wait for hello. Nothing of the entry has run until then: what goes wrong is ours."""
        kind = ""
        try:
            header = self._read_header(deadline)
            if header.kind is Kind.HELLO:
                return
            kind, text = self._read_error(header, deadline)
        except DeadlineError:
            text = "it gave no sign of life in time"
        except (ChannelClosedError, MalformedFrameError):
            text = ""
        self._confined.kill()
        if kind == "device":
            raise PlatformFault(
                "device.unavailable", f"The entry cannot run on this device: {one_line(text)}."
            )
        last = self._confined.log.text.strip().rpartition("\n")[2]
        raise PlatformFault(
            "sandbox.start_failed",
            f"The sandbox ({self._confined.rung}) could not start: {one_line(text or last)}.",
        )

    def await_ready(self, deadline: float, *, late: str) -> None:
        """Wait until the entry is loaded; ``late`` is the verdict if it is not by ``deadline``."""
        self._expect(Kind.READY, (0, 0, 0), deadline, late=late)

    def exchange(
        self, content: NDArray[np.uint8], style: NDArray[np.uint8], deadline: float, *, late: str
    ) -> Frame:
        """One request, uint8 [N, H, W, 3] each, and its answer of the content's size."""
        begin = time.monotonic()
        if not self._confined.channel.is_silent():
            self._fail_unasked(deadline)
        self._ask(content, style, deadline, late)
        n, height, width, _ = content.shape
        payload = self._expect(Kind.RESULT, (n, height, width), deadline, late=late)
        pixels = np.frombuffer(payload, np.uint8).reshape(content.shape)
        return Frame(pixels, time.monotonic() - begin)

    def finish(self, deadline: float) -> None:
        """Say that it was all, and hear nothing more: as many answers as there were requests.

        A forged answer may come in time, but then a true one is left over at the end.
        """
        self._confined.channel.close_request()
        try:
            self._confined.channel.read(1, deadline)
        except (ChannelClosedError, DeadlineError):
            return
        self._fail("bad_frame", "it answered more often than it was asked")

    def _ask(
        self, content: NDArray[np.uint8], style: NDArray[np.uint8], deadline: float, late: str
    ) -> None:
        headers = pack_header(Kind.CONTENT, content) + pack_header(Kind.STYLE, style)
        channel = self._confined.channel
        channel.region.write((content, style))
        try:
            channel.write(headers, deadline)
        except DeadlineError:
            self._fail(late)
        except ChannelClosedError:
            self._fail_closed("crashed")

    def _expect(
        self, kind: Kind, shape: tuple[int, int, int], deadline: float, *, late: str
    ) -> bytearray:
        """The payload of the frame that must come next, or the verdict on what came instead."""
        starting = kind is Kind.READY
        try:
            header = self._read_header(deadline)
            if header.kind is Kind.ERROR:
                self._fail_said(*self._read_error(header, deadline), starting=starting)
            size = 3 * shape[0] * shape[1] * shape[2]
            if (header.kind, header.shape, header.length) != (kind, shape, size):
                self._fail("bad_frame")
            return self._confined.channel.read(header.length, deadline)
        except DeadlineError:
            self._fail(late)
        except MalformedFrameError:
            self._fail("bad_frame")
        except ChannelClosedError:
            self._fail_closed("start_failed" if starting else "crashed")

    def _read_header(self, deadline: float) -> Header:
        return unpack_header(bytes(self._confined.channel.read(HEADER.size, deadline)))

    def _read_error(self, header: Header, deadline: float) -> tuple[str, str]:
        """Kind and text of an error frame; the host's name for the entry's folder is taken out."""
        if header.kind is not Kind.ERROR or header.length > MAX_MESSAGE_BYTES:
            raise MalformedFrameError
        raw = self._confined.channel.read(header.length, deadline)
        kind, _, text = raw.decode(errors="replace").partition("\n")
        return kind, text.replace(f"{self._entry_root}/", "").replace(self._entry_root, ".")

    def _fail(self, reason: str, detail: str = "") -> NoReturn:
        """End the box with ``reason``, unless a limit was what really ended it."""
        confined = self._confined
        out_of_memory = confined.ran_out_of_memory()
        confined.kill()
        if out_of_memory:
            raise verdict("memory")
        if confined.breach:
            raise verdict(confined.breach)
        raise verdict(reason, detail)

    def _fail_said(self, kind: str, text: str, *, starting: bool) -> NoReturn:
        """The runner reported an error: believed as far as it blames the entry."""
        if kind == "memory":
            self._fail("memory")
        if starting:
            self._fail("start_failed", text)
        if kind not in _PAIR_ERRORS:
            self._fail("bad_frame")
        self._fail(kind, f"it gave {text}" if kind == "wrong_shape" else text)

    def _fail_unasked(self, deadline: float) -> NoReturn:
        """Something is in the pipe before the request: the end, or what was not asked for."""
        try:
            self._confined.channel.read(1, deadline)
        except (ChannelClosedError, DeadlineError):
            self._fail_closed("crashed")
        self._fail("bad_frame", "it answered before it was asked")

    def _fail_closed(self, reason: str) -> NoReturn:
        """The pipe closed: say how the process ended, if it did."""
        code = self._confined.returncode(_EXIT_SECONDS)
        if code is None:
            self._fail("bad_frame", "it closed the pipe for its answers")
        if code == 128 + signal.SIGXCPU:
            self._fail("cpu_time")
        self._fail(reason, _ending(code))


def _ending(code: int) -> str:
    """How a process ended, in words."""
    signals = {128 + number: number.name for number in signal.Signals}
    if code in signals:
        return f"its process ended by signal {signals[code]}"
    return f"its process ended with exit code {code}"
