"""What the sandbox costs: a shard confined and in a plain process; the frames of a pair.

The shard is stylised and not scored, so that nothing hides the box. The plain process has the same
runner, frames and limits, and no confinement.
"""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from baselines.export import export_method
from baselines.registry import METHODS
from evaluator.entry import Entry, open_entry
from evaluator.sandbox import Box, Rung
from evaluator.sandbox.rungs import best_rung
from tests.bench.figures import Figure
from tests.bench.frames import echo, round_trip
from tests.bench.pairing import alternate, timed

Pixels = NDArray[np.uint8]

SIDE, FRAME_SIDE = 256, 512


def measure(*, quick: bool) -> Iterator[Figure]:
    confined = best_rung().rung
    pairs, count = (3, 24) if quick else (7, 100)
    with TemporaryDirectory(prefix="stylearena-bench-") as folder:
        entry = opened("reinhard", Path(folder))
        shard = pictures(count, SIDE)
        runs = alternate(
            lambda: timed(lambda: stylise(entry, shard, confined)).seconds,
            lambda: timed(lambda: stylise(entry, shard, Rung.PROCESS)).seconds,
            pairs=pairs,
        )
        name = f"sandbox.{confined.value}.n{count}"
        yield Figure.of(f"{name}.seconds", "s", (box for box, _ in runs))
        yield Figure.of(f"{name}.vs.plain", "x", (box / plain for box, plain in runs))
        yield Figure.of(f"{name}.added", "s", (box - plain for box, plain in runs))
    yield Figure.of(f"sandbox.frames.{FRAME_SIDE}", "ms", frame_costs(pairs))


def opened(method: str, folder: Path) -> Entry:
    """A baseline through its archive, as everybody's."""
    into = folder / f"{method}-unpacked"
    into.mkdir()
    return open_entry(export_method(METHODS[method], folder), into)


def pictures(count: int, side: int) -> list[tuple[Pixels, Pixels]]:
    """Seeded pairs, uint8 [1, side, side, 3] each."""
    random = np.random.default_rng(0)
    return [(random.integers(0, 256, (1, side, side, 3), np.uint8),) * 2 for _ in range(count)]


def stylise(entry: Entry, shard: list[tuple[Pixels, Pixels]], rung: Rung) -> None:
    """A box from its start to its end."""
    with Box(entry, rung=rung) as box:
        for content, style in shard:
            box.stylize(content, style)


def frame_costs(runs: int) -> list[float]:
    """Milliseconds that the frames of a pair take."""
    (content, style), *_ = pictures(1, FRAME_SIDE)
    with echo() as channel:
        round_trip(channel, content, style)
        return [
            1000
            * median(timed(lambda: round_trip(channel, content, style)).seconds for _ in range(60))
            for _ in range(runs)
        ]
