"""Memory that runs short: how each library says so, and the one sentence that becomes of it.

A shortage is ours or the machine's, never the entry's: work is tried again in less room first, and
what is left is a PlatformFault. Imports none of the libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from evaluator.errors import PlatformFault

__all__ = ["in_less_room", "is_shortage", "out_of_memory", "shortage_as_memory_error"]

T = TypeVar("T")

_WORDS = (
    *("failed to allocate memory", "can't allocate memory", "out of memory", "bad allocation"),
    "can't start new thread",
)
"""How onnxruntime, PyTorch's allocator, CUDA, C++ and Python put it, with no class in common."""


def is_shortage(error: BaseException) -> bool:
    """Whether numpy, Pillow, PyTorch or onnxruntime say by ``error`` that memory ran short."""
    if isinstance(error, MemoryError):
        return True
    # Their own classes derive from these two directly; a sentence of ours is never meant.
    foreign = isinstance(error, RuntimeError) or type(error).__module__.startswith("onnxruntime")
    return foreign and any(words in str(error).lower() for words in _WORDS)


@contextmanager
def shortage_as_memory_error() -> Iterator[None]:
    """Raise MemoryError for whatever a library raises when memory runs short."""
    try:
        yield
    except Exception as error:
        if is_shortage(error) and not isinstance(error, MemoryError):
            raise MemoryError(str(error)) from error
        raise


def in_less_room(work: Callable[[], T], make_room: Callable[[], None], *, device: str) -> T:
    """What ``work`` returns; if memory runs short, once more after ``make_room``.

    Raises PlatformFault ``device.out_of_memory`` if that was not enough.
    """
    try:
        with shortage_as_memory_error():
            return work()
    except MemoryError:
        pass  # the error holds what was made so far: room is made once it is gone
    make_room()
    try:
        with shortage_as_memory_error():
            return work()
    except MemoryError as error:
        raise out_of_memory(device) from error


def out_of_memory(device: str) -> PlatformFault:
    """The fault ``device.out_of_memory``: nothing smaller is left to be tried."""
    if device == "cpu":
        remedy = "close other programs, or use a machine with more memory"
    else:
        remedy = "close other programs that use it, or use --device cpu"
    return PlatformFault(
        "device.out_of_memory",
        f"The memory of {device} does not hold even one picture beside the networks; {remedy}.",
    )
