"""Work done ahead by threads, handed over in order: pictures are decoded while networks compute."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["in_order", "worked_ahead"]

A = TypeVar("A")
B = TypeVar("B")

AHEAD = 4  # pieces of work for each thread that are under way or done but not yet taken


def in_order(
    work: Callable[[A], B],
    items: Iterable[A],
    *,
    threads: int = 1,
    begin: Callable[[], object] | None = None,
) -> Generator[B, None, None]:
    """Results in the order of ``items``; few are under way at a time, and none after a failure.

    Each thread calls ``begin`` first. What ``work`` raises is raised where its result would have
    come.
    """
    under_way: deque[Future[B]] = deque()
    pool = ThreadPoolExecutor(threads, initializer=begin)
    try:
        for item in items:
            under_way.append(pool.submit(work, item))
            while under_way and (under_way[0].done() or len(under_way) >= AHEAD * threads):
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def worked_ahead(work: Callable[[A], B], items: Iterable[A]) -> Iterator[Iterator[B]]:
    """``in_order`` by one thread, which is gone when the context is left, however that is."""
    results = in_order(work, items)
    try:
        yield results
    finally:
        results.close()
