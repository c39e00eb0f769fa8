"""Structured inputs out of flat bytes: a fuzzer mutates bytes, a target draws choices from them.

The same bytes always give the same choices, and exhausted bytes give the first of each.
"""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Reads choices from ``data``, front to back."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def whole(self, low: int, high: int) -> int:
        """A whole number of ``low`` to ``high``, both included."""
        width = max(1, ((high - low).bit_length() + 7) // 8)
        return low + int.from_bytes(self.some(width)) % (high - low + 1)

    def flag(self) -> bool:
        return self.whole(0, 1) == 1

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.whole(0, len(choices) - 1)]

    def some(self, most: int) -> bytes:
        """The next bytes, fewer than ``most`` where the data ends."""
        taken = self._data[self._at : self._at + most]
        self._at += len(taken)
        return taken

    def rest(self) -> bytes:
        return self.some(self.left)

    def text(self, most: int) -> str:
        return self.some(self.whole(0, most)).decode("utf-8", errors="replace")


def damaged(data: bytes, draw: Draw, *, most: int) -> bytes:
    """``data`` with up to ``most`` bytes overwritten, and now and then cut short."""
    changed = bytearray(data)
    for _ in range(draw.whole(0, most) if changed else 0):
        changed[draw.whole(0, len(changed) - 1)] = draw.whole(0, 255)
    if changed and draw.whole(0, 7) == 7:
        del changed[draw.whole(0, len(changed) - 1) :]
    return bytes(changed)
