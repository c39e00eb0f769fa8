"""The frames of a pair alone: two pictures to a process and one back, and nothing done to them.

Both ends are the sandbox's own code. ``python -m tests.bench.frames REQUESTS RESPONSES`` is the far
end, which answers each request with its content.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from evaluator.sandbox import runner
from evaluator.sandbox.channel import Channel, Pipe
from evaluator.sandbox.frames import HEADER, Kind, pack_picture, unpack_header

__all__ = ["echo", "round_trip"]

_PATIENCE = 60.0


@contextmanager
def echo() -> Iterator[Channel]:
    """The channel to a process that answers."""
    requests, responses = Pipe(), Pipe()
    theirs = (requests.read_end, responses.write_end)
    command = [sys.executable, "-m", "tests.bench.frames", *map(str, theirs)]
    with subprocess.Popen(command, pass_fds=theirs) as process:
        for descriptor in theirs:
            os.close(descriptor)
        channel = Channel(
            request=requests.write_end,
            response=responses.read_end,
            pidfd=os.pidfd_open(process.pid),
        )
        yield channel
        channel.close_request()
        process.wait()
        channel.close()


def round_trip(channel: Channel, content: NDArray[np.uint8], style: NDArray[np.uint8]) -> bytearray:
    """Send both, uint8 [1, H, W, 3], and read the answer's pixels."""
    deadline = time.monotonic() + _PATIENCE
    for kind, pixels in ((Kind.CONTENT, content), (Kind.STYLE, style)):
        for part in pack_picture(kind, pixels):
            channel.write(part, deadline)
    header = unpack_header(bytes(channel.read(HEADER.size, deadline)))
    return channel.read(header.length, deadline)


def _answer(requests: int, responses: int) -> None:
    while (content := runner._receive(requests, runner.CONTENT)) is not None:
        runner._receive(requests, runner.STYLE)
        for part in pack_picture(Kind.RESULT, content):
            runner._write(responses, part)


if __name__ == "__main__":
    _answer(int(sys.argv[1]), int(sys.argv[2]))
