"""Paired runs: A and B by turns in one process group, so that what slows the machine slows both.

Who goes first alternates too; a drift of the machine then favours nobody.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Timed", "alternate", "timed"]

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Timed(Generic[T]):
    """What a call returned, and the wall seconds that it took."""

    seconds: float
    result: T


def timed(call: Callable[[], T]) -> Timed[T]:
    """Call and measure."""
    begin = time.perf_counter()
    result = call()
    return Timed(time.perf_counter() - begin, result)


def alternate(a: Callable[[], T], b: Callable[[], U], *, pairs: int) -> list[tuple[T, U]]:
    """What A and B returned in each of so many pairs."""
    found = []
    for index in range(pairs):
        if index % 2 == 0:
            of_a = a()
            found.append((of_a, b()))
        else:
            of_b = b()
            found.append((a(), of_b))
    return found
