"""From picture files to feature rows, in order: decoded beside the network's work.

Memory does not grow with the number of pictures beyond the rows themselves.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.ahead import in_order
from evaluator.fid.batches import BatchSize, of_one_size
from evaluator.fid.network import Network
from evaluator.fid.pictures import read_picture
from evaluator.memory import out_of_memory, shortage_as_memory_error

__all__ = ["Count", "available_cpus", "rows_by_batches", "rows_by_threads"]

Count = Callable[[int, int], None]
Rows = NDArray[np.float32]


def available_cpus() -> int:
    """The processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def rows_by_threads(
    files: Sequence[Path], network: Network, dims: int, *, threads: int, on_picture: Count
) -> Rows:
    """[N, dims]: each thread takes a picture from the file to its row.

    No thread waits for another, as they would share one picture's layers; rows are the same bits
    for any number of threads. If memory runs short one thread does the rest. Raises PlatformFault
    ``device.out_of_memory`` if that is too much too.
    """

    def row(path: Path) -> Rows:
        return network.rows(read_picture(path)[None])

    return _gathered(_with_fewer_threads(row, files, threads), len(files), dims, on_picture)


def _with_fewer_threads(
    work: Callable[[Path], Rows], files: Sequence[Path], threads: int
) -> Iterator[Rows]:
    done = 0
    for count in (threads, 1):
        try:
            with shortage_as_memory_error():
                for rows in in_order(work, files[done:], threads=count):
                    yield rows
                    done += 1
        except MemoryError:
            continue
        return
    raise out_of_memory("cpu")


def rows_by_batches(
    files: Sequence[Path],
    network: Network,
    dims: int,
    *,
    threads: int,
    size: BatchSize,
    device: str,
    on_picture: Count,
) -> Rows:
    """[N, dims]: threads decode while the device computes, as many pictures at once as pay."""
    batches = of_one_size(in_order(read_picture, files, threads=threads), size)
    parts = (rows for batch in batches for rows in _fitting(batch, network, size, device))
    return _gathered(parts, len(files), dims, on_picture)


def _fitting(
    batch: NDArray[np.uint8], network: Network, size: BatchSize, device: str
) -> Iterator[Rows]:
    """The rows of a batch, in smaller parts if the device's memory is short."""
    done, step = 0, len(batch)
    while done < len(batch):
        part = batch[done : done + step]
        begin = time.perf_counter()
        try:
            with shortage_as_memory_error():
                rows = network.rows(part)
        except MemoryError:
            size.too_much(len(part), device=device)
            step = size.count
            continue
        size.took(len(part), time.perf_counter() - begin)
        done += len(part)
        yield rows


def _gathered(parts: Iterable[Rows], total: int, dims: int, on_picture: Count) -> Rows:
    found = np.empty((total, dims), np.float32)
    done = 0
    for rows in parts:
        found[done : done + len(rows)] = rows
        done += len(rows)
        on_picture(done, total)
    return found
