"""The frames of a pair alone: two pictures to a process and one back, and nothing done to them.

Both ends are the sandbox's own code. ``python -m tests.bench.frames REQUESTS RESPONSES
PICTURES`` is the far end, which answers each request with its content.
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
from evaluator.sandbox.frames import HEADER, Kind, pack_header, unpack_header
from evaluator.sandbox.region import Region

__all__ = ["echo", "round_trip"]

_PATIENCE = 60.0


@contextmanager
def echo() -> Iterator[Channel]:
    """The channel to a process that answers."""
    requests, responses, region = Pipe(), Pipe(), Region()
    theirs = (requests.read_end, responses.write_end, region.read_end)
    command = [sys.executable, "-m", "tests.bench.frames", *map(str, theirs)]
    with subprocess.Popen(command, pass_fds=theirs) as process:
        for descriptor in theirs:
            os.close(descriptor)
        channel = Channel(
            request=requests.write_end,
            response=responses.read_end,
            pidfd=os.pidfd_open(process.pid),
            region=region,
        )
        yield channel
        channel.close_request()
        process.wait()
        channel.close()


def round_trip(channel: Channel, content: NDArray[np.uint8], style: NDArray[np.uint8]) -> bytearray:
    """Send both, uint8 [1, H, W, 3], and read the answer's pixels."""
    deadline = time.monotonic() + _PATIENCE
    channel.region.write((content, style))
    headers = pack_header(Kind.CONTENT, content) + pack_header(Kind.STYLE, style)
    channel.write(headers, deadline)
    header = unpack_header(bytes(channel.read(HEADER.size, deadline)))
    return channel.read(header.length, deadline)


def _answer(requests: int, responses: int, pictures: runner.Pictures) -> None:
    while (headers := runner._read(requests, 2 * HEADER.size)) is not None:
        content, _ = pictures.read(headers)
        runner._write(responses, pack_header(Kind.RESULT, content))
        runner._write(responses, memoryview(content).cast("B"))


if __name__ == "__main__":
    _answer(int(sys.argv[1]), int(sys.argv[2]), runner.Pictures(int(sys.argv[3])))
