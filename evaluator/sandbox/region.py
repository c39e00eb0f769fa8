"""The pictures of a request, in memory that the judge writes and the box can only read.

A pipe copies every byte twice, through pages made for it; of what the judge sends, nothing has to
be. Answers still come through a pipe: what a box says is read once, into memory of the judge's own,
where the box cannot change it between check and use.
"""

import fcntl
import mmap
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Region"]

_F_SEAL_FUTURE_WRITE = 0x10  # Linux 5.1: nobody gets to write from now on, but by maps there are


class Region:
    """Memory of the judge's; ``read_end`` is a descriptor of it that is passed on to the box.

    The descriptor is read-only, and seals hold where a box could open it anew for writing.
    """

    def __init__(self) -> None:
        descriptor = os.memfd_create("pictures", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(descriptor, mmap.PAGESIZE)
            self._map = mmap.mmap(descriptor, mmap.PAGESIZE)
            seals = fcntl.F_SEAL_SHRINK | _F_SEAL_FUTURE_WRITE | fcntl.F_SEAL_SEAL
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
            self.read_end = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.close(descriptor)

    def write(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        """Put the batches, uint8 [N, H, W, 3] each, one behind the other, over what was there."""
        size = sum(pixels.nbytes for pixels in pictures)
        if size > len(self._map):
            self._map.resize(size)  # by mremap: a new map could not be written
        offset = 0
        for pixels in pictures:
            end = offset + pixels.nbytes
            self._map[offset:end] = np.ascontiguousarray(pixels).data.cast("B")
            offset = end

    def close(self) -> None:
        """Let go of the memory, which ends with the last process that maps it."""
        self._map.close()
