"""Peak memory of FID: beside the peers at N = 2,000, and ours from 2,000 to 20,000 pictures.

Memory hardly varies between runs, so each is made once. The growth is measured at the block of 64
dimensions, where a picture takes a tenth of the time; what a row takes is known.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.fid_by import PEERS
from tests.bench.fid_scene import FidScene
from tests.bench.figures import Figure

__all__ = ["measure"]

FEW, MANY = 2_000, 20_000
QUICK_FEW, QUICK_MANY = 100, 400
DIFFERENT = 100  # pictures; the rest are other names of them
STEM = 64


def measure(*, quick: bool) -> Iterator[Figure]:
    few, many = (QUICK_FEW, QUICK_MANY) if quick else (FEW, MANY)
    yield from _growth(few, many)
    if not quick:
        yield from _beside_peers(FEW)


def _growth(few: int, many: int) -> Iterator[Figure]:
    peaks = {}
    for count in (few, many):
        with TemporaryDirectory(prefix="stylearena-bench-") as home:
            scene = _scene(Path(home), STEM, count)
            peaks[count] = scene.cold().peak_bytes
        yield Figure.of(f"fid{STEM}.n{count}.memory", "MiB", [peaks[count] / 2**20])
    # Rows of one side at a time, float32, and the same centred in float64.
    rows = (many - few) * STEM * (4 + 8)
    beyond = (peaks[many] - peaks[few] - rows) / peaks[few]
    yield Figure.of(f"fid{STEM}.memory.growth-beyond-rows", "of-the-smaller", [beyond])


def _beside_peers(count: int) -> Iterator[Figure]:
    with TemporaryDirectory(prefix="stylearena-bench-") as home:
        scene = _scene(Path(home), 2048, count)
        ours = scene.cold().peak_bytes
        yield Figure.of(f"fid2048.n{count}.memory", "MiB", [ours / 2**20])
        peaks = {}
        for peer in ("pytorch-fid", *PEERS):
            peaks[peer] = scene.peer(peer).peak_bytes
            yield Figure.of(f"fid2048.n{count}.memory.{peer}", "MiB", [peaks[peer] / 2**20])
    share = ours / min(peaks.values())
    yield Figure.of(f"fid2048.n{count}.memory.vs.leanest", "of-its-peak", [share])


def _scene(home: Path, dims: int, count: int) -> FidScene:
    scene = FidScene(home, dims)
    scene.prepare(min(DIFFERENT, count))
    for folder in map(Path, scene.folders):
        originals = sorted(folder.iterdir())
        for index in range(len(originals), count):
            os.link(originals[index % len(originals)], folder / f"{index:06}.png")
    return scene
