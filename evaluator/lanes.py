"""Work on many pictures, several at a time: each lane has processors of its own.

A network on one thread waits for nobody; the same network on two waits, layer by layer, for the
slower of them. numpy's products are held to a lane's share too: their own threads, one for each
processor in each lane, would wait for each other for a fifth of all the time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from threading import Lock, Semaphore
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits

from evaluator.ahead import in_order

__all__ = ["Lanes"]

A = TypeVar("A")
B = TypeVar("B")

MOST = 8  # more pictures at a time take memory, and wait for it


class Lanes:
    """As many as there are processors for PyTorch, up to ``MOST``; or ``count``.

    ``threads``: what PyTorch and others may use in each.
    """

    def __init__(self, count: int | None = None) -> None:
        self._all_threads = torch.get_num_threads()
        self.count = count or min(MOST, self._all_threads)
        self.threads = max(1, self._all_threads // self.count)
        self._permits = Semaphore(self.count)
        self._queue = Lock()
        self._alone = False

    def run(self, work: Callable[[A], B], items: Iterable[A]) -> Generator[B, None, None]:
        """Results in the order of ``items``, as soon as they and those before them are there.

        What ``work`` raises is raised where its result would have come.
        """
        if self.count == 1:
            yield from map(work, items)
            return
        begin = partial(torch.set_num_threads, self.threads)
        try:
            with threadpool_limits(self.threads, user_api="blas"):
                yield from in_order(work, items, threads=self.count, begin=begin)
        finally:
            # What a lane sets for itself holds for threads that begin later, too.
            torch.set_num_threads(self._all_threads)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """What takes memory: beside other lanes, or by itself once ``one_by_one`` was called."""
        alone = self._alone
        with self._queue if alone else nullcontext():
            wanted = self.count if alone else 1
            for _ in range(wanted):
                self._permits.acquire()
            try:
                yield
            finally:
                self._permits.release(wanted)

    def one_by_one(self) -> None:
        """From now on only one is in, which waits until the others are out."""
        self._alone = True
