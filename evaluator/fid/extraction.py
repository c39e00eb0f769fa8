"""From picture files to feature rows, in order: decoded beside the network's work.

Memory does not grow with the number of pictures beyond the rows themselves.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluator.fid.batches import BatchSize, of_one_size
from evaluator.fid.network import Network
from evaluator.fid.pictures import read_picture

__all__ = ["Count", "available_cpus", "rows_by_batches", "rows_by_threads"]

Count = Callable[[int, int], None]
Rows = NDArray[np.float32]
A = TypeVar("A")
B = TypeVar("B")

AHEAD = 4  # pieces of work for each thread that are under way or done but not yet taken


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
    for any number of threads.
    """

    def row(path: Path) -> Rows:
        return network.rows(read_picture(path)[None])

    return _gathered(_in_order(row, files, threads), len(files), dims, on_picture)


def rows_by_batches(
    files: Sequence[Path],
    network: Network,
    dims: int,
    *,
    threads: int,
    size: BatchSize,
    on_picture: Count,
) -> Rows:
    """[N, dims]: threads decode while the device computes, as many pictures at once as pay."""
    batches = of_one_size(_in_order(read_picture, files, threads), size)
    parts = (rows for batch in batches for rows in _fitting(batch, network, size))
    return _gathered(parts, len(files), dims, on_picture)


def _fitting(batch: NDArray[np.uint8], network: Network, size: BatchSize) -> Iterator[Rows]:
    """The rows of a batch, in smaller parts if the device's memory is short."""
    done, step = 0, len(batch)
    while done < len(batch):
        part = batch[done : done + step]
        begin = time.perf_counter()
        try:
            rows = network.rows(part)
        except MemoryError:
            size.too_much(len(part))
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


def _in_order(work: Callable[[A], B], items: Iterable[A], threads: int) -> Iterator[B]:
    """Results in the order of ``items``; few are under way at a time, and none after a failure."""
    under_way: deque[Future[B]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            under_way.append(pool.submit(work, item))
            if len(under_way) >= AHEAD * threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
