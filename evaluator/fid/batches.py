"""How many pictures a device takes at once: more while that is quicker, fewer when memory is short.

Pure rules; who computes and who measures time is the caller's affair.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.memory import out_of_memory

__all__ = ["BatchSize", "of_one_size"]

Pixels = NDArray[np.uint8]

FIRST, LARGEST = 32, 1024
WORTH_IT = 1.05  # doubling must bring 5 % to be kept


@dataclass(slots=True)
class BatchSize:
    """The number in use; ``fixed`` if somebody chose it. Short memory lowers it all the same.

    Doubles as long as pictures a second rise, then stays at the best.
    """

    count: int = FIRST
    fixed: bool = False
    _best_rate: float = 0.0

    def took(self, pictures: int, seconds: float) -> None:
        """Learn from a batch; those that were not full say nothing."""
        if self.fixed or pictures < self.count:
            return
        rate = pictures / max(seconds, 1e-9)
        if rate < WORTH_IT * self._best_rate:
            self.count = max(1, self.count // 2)
            self.fixed = True
        elif self.count == LARGEST:
            self.fixed = True
        else:
            self._best_rate = rate
            self.count *= 2

    def too_much(self, tried: int, *, device: str) -> None:
        """Halve after ``tried`` pictures did not fit; PlatformFault ``device.out_of_memory``."""
        if tried <= 1:
            raise out_of_memory(device)
        self.count = tried // 2
        self.fixed = True


def of_one_size(pictures: Iterable[Pixels], size: BatchSize) -> Iterator[Pixels]:
    """Neighbours of equal height and width together, [N, H, W, 3], at most ``size.count``."""
    waiting: list[Pixels] = []
    for picture in pictures:
        if waiting and picture.shape != waiting[0].shape:
            yield np.stack(waiting)
            waiting = []
        waiting.append(picture)
        if len(waiting) >= size.count:
            yield np.stack(waiting)
            waiting = []
    if waiting:
        yield np.stack(waiting)
