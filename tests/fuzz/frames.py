"""The frame reader: what a box never should send, through the judge's real end of the pipe."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from evaluator.errors import PlatformFault
from evaluator.sandbox.channel import Channel, Pipe
from evaluator.sandbox.conversation import Conversation
from evaluator.sandbox.frames import HEADER, MAGIC, VERSION, Kind
from evaluator.sandbox.region import Region
from tests.fuzz.drawing import Draw

_PICTURE = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
_SECONDS = 0.2  # the deadline of an answer: what stops half way costs this much
_LENGTHS = (0, 48, 47, 49, 1, 8192, 8193, 1 << 20, 1 << 40, (1 << 64) - 1)
_SIDES = (0, 1, 4, 5, 1 << 16, (1 << 32) - 1)


@dataclass
class _Box:
    """A process that has just ended after writing ``said``: what the judge sees of a real one."""

    channel: Channel
    said: bytes
    rung: str = "none"
    breach: str = ""

    @property
    def log(self) -> SimpleNamespace:
        return SimpleNamespace(text="the last line\n")

    def kill(self) -> None: ...

    def ran_out_of_memory(self) -> bool:
        return False

    def returncode(self, seconds: float) -> int | None:
        return self.said[-1] if self.said and self.said[-1] < 200 else None


class _Answering(Channel):
    """A channel whose other end answers once the whole request was written."""

    def __init__(self, *, request: int, response: int, say: int, said: bytes) -> None:
        pidfd = os.pidfd_open(os.getpid())
        super().__init__(request=request, response=response, pidfd=pidfd, region=Region())
        self._say, self._said = say, said

    def write(self, data: bytes | memoryview, deadline: float) -> None:
        super().write(data, deadline)
        _send(self._say, self._said)

    def close(self) -> None:
        os.close(self.region.read_end)
        super().close()


def run(data: bytes, folder: Path) -> None:
    """Greet, wait or exchange with a box that says what ``data`` describes."""
    draw = Draw(data)
    stage = draw.pick(("greet", "ready", "exchange", "unasked"))
    said = draw.rest() if draw.flag() else _frames(draw)
    request, response = Pipe(), Pipe()
    channel = _Answering(
        request=request.write_end,
        response=response.read_end,
        say=response.write_end,
        said=said[: 1 << 16],
    )
    try:
        if stage != "exchange":
            _send(response.write_end, said[: 1 << 16])
        _talk(stage, Conversation(_Box(channel, said), str(folder)))  # type: ignore[arg-type]
    finally:
        channel.close()
        for end in (request.read_end, response.write_end):
            with suppress(OSError):
                os.close(end)


def _talk(stage: str, conversation: Conversation) -> None:
    deadline = time.monotonic() + _SECONDS
    if stage == "greet":
        with suppress(PlatformFault):  # nothing of the entry runs yet: the fault is ours
            conversation.greet(deadline)
    elif stage == "ready":
        conversation.await_ready(deadline, late="start_timeout")
    else:
        frame = conversation.exchange(_PICTURE, _PICTURE, deadline, late="pair_timeout")
        if frame.pixels.shape != _PICTURE.shape or frame.pixels.dtype != np.uint8:
            raise AssertionError(f"an answer of {frame.pixels.shape} was accepted")


def _send(descriptor: int, said: bytes) -> None:
    """Write ``said`` and close, as a process that ends does."""
    os.set_blocking(descriptor, False)
    with suppress(BlockingIOError):
        os.write(descriptor, said)
    os.close(descriptor)


def _frames(draw: Draw) -> bytes:
    """Up to three frames, each field as it should be or not."""
    said = b""
    for _ in range(draw.whole(1, 3)):
        header = HEADER.pack(
            draw.pick((MAGIC, MAGIC, MAGIC, b"EVIL")),
            draw.pick((VERSION, VERSION, 0, 255)),
            draw.pick((*Kind, 0, 255)),
            draw.pick((0, 0, 0, 1)),
            *(draw.pick(_SIDES) for _ in range(3)),
            draw.pick(_LENGTHS),
        )
        said += header + draw.some(draw.pick((0, 48, 47, 500)))
    return said
