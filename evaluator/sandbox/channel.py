"""The judge's ends of the two pipes, and the region: exact reads and writes, with deadlines.

The other end is hostile: it may write unasked, stop half way, close, or hang. Nothing here blocks
past its deadline, and nothing reads more bytes than were asked for. What is there already is read
even after the deadline: the judge may have been the one that stood still.
"""

import contextlib
import fcntl
import os
import select
import time

from evaluator.sandbox.region import Region

__all__ = ["Channel", "ChannelClosedError", "DeadlineError", "Pipe"]

_PIPE_BYTES = 1 << 20


class DeadlineError(Exception):
    """The other end did not read or write in time."""


class ChannelClosedError(Exception):
    """The other end closed its pipe or its process ended."""


class Pipe:
    """A pipe of 1 MiB; ``read_end`` and ``write_end`` are not inherited unless passed on."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        # Unprivileged processes have a budget of large pipes; a small pipe only costs time.
        with contextlib.suppress(OSError):
            fcntl.fcntl(self.write_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


class Channel:
    """Requests out, responses in; ``pidfd`` tells when the process behind it has ended.

    ``region`` holds the pictures of a request while it is answered.
    """

    def __init__(self, *, request: int, response: int, pidfd: int, region: Region) -> None:
        self._request, self._response, self._pidfd = request, response, pidfd
        self.region = region
        os.set_blocking(request, False)
        os.set_blocking(response, False)

    def is_silent(self) -> bool:
        """Whether the response pipe is empty and open, as it must be before a request."""
        return not select.select([self._response], [], [], 0)[0]

    def write(self, data: bytes | memoryview, deadline: float) -> None:
        """Write all of ``data`` before ``deadline`` (time.monotonic)."""
        left = memoryview(data)
        while left:
            self._wait(self._request, select.POLLOUT, deadline)
            try:
                left = left[os.write(self._request, left[:_PIPE_BYTES]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise ChannelClosedError from None

    def read(self, size: int, deadline: float) -> bytearray:
        """Read exactly ``size`` bytes before ``deadline``."""
        data = bytearray(size)
        left = memoryview(data)
        while left:
            self._wait(self._response, select.POLLIN, deadline)
            try:
                count = os.readv(self._response, [left[:_PIPE_BYTES]])
            except BlockingIOError:
                continue
            if count == 0:
                raise ChannelClosedError
            left = left[count:]
        return data

    def _wait(self, descriptor: int, event: int, deadline: float) -> None:
        """Wait for ``event``; what the process wrote before it ended is still read."""
        poller = select.poll()
        poller.register(descriptor, event)
        poller.register(self._pidfd, select.POLLIN)
        ready = dict(poller.poll(max(0.0, deadline - time.monotonic()) * 1000))
        if not ready:
            raise DeadlineError
        if descriptor not in ready:
            raise ChannelClosedError

    def close_request(self) -> None:
        """Tell the runner that there is nothing more to do."""
        if self._request >= 0:
            os.close(self._request)
            self._request = -1

    def close(self) -> None:
        """Close every descriptor and the region; the channel cannot be used after."""
        self.close_request()
        self.region.close()
        for descriptor in (self._response, self._pidfd):
            if descriptor >= 0:
                os.close(descriptor)
        self._response = self._pidfd = -1
