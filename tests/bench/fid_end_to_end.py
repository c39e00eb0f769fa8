"""FID of one folder of pictures to another, whole processes: our command and its peers.

All read the same weights of the published form: pytorch-fid and clean-fid find them where torch.hub
would have put the download. Ours runs with nothing kept, and again with the reference's features
kept. Quick runs stop at the block of 768 channels, whose matrix root takes no time, and know
pytorch-fid alone. All in turn, so that what slows the machine slows each.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.fid_by import PEERS
from tests.bench.fid_scene import FidScene
from tests.bench.figures import Figure
from tests.bench.fresh import Ended


def measure(*, quick: bool) -> Iterator[Figure]:
    count, dims = (64, 768) if quick else (500, 2048)
    peers = ("pytorch-fid",) if quick else ("pytorch-fid", *PEERS)
    with TemporaryDirectory(prefix="stylearena-bench-") as home:
        scene = FidScene(Path(home), dims)
        scene.prepare(count)
        scene.ours()  # keeps the reference's features
        turns: dict[str, Callable[[], Ended]] = {"cold": scene.cold, "kept": scene.ours}
        turns |= {name: partial(scene.peer, name) for name in peers}
        runs = [_round(turns, index) for index in range(3 if quick else 5)]
    yield from _figures(f"fid{dims}.n{count}", runs, peers)


def _round(turns: Mapping[str, Callable[[], Ended]], index: int) -> dict[str, Ended]:
    """One run of each, every other time in reverse."""
    names = list(turns)[:: 1 if index % 2 == 0 else -1]
    return {name: turns[name]() for name in names}


def _figures(
    name: str, runs: Sequence[Mapping[str, Ended]], peers: Sequence[str]
) -> Iterator[Figure]:
    for who in ("cold", "kept", *peers):
        label = f"{name}.{who}"
        yield Figure.of(f"{label}.seconds", "s", (run[who].seconds for run in runs))
        yield Figure.of(f"{label}.memory", "MiB", (run[who].peak_bytes / 2**20 for run in runs))
    for peer in peers:
        for ours in ("cold", "kept"):
            ratios = (run[peer].seconds / run[ours].seconds for run in runs)
            yield Figure.of(f"{name}.{ours}.vs.{peer}", "x", ratios)
        gaps = (abs(_fid(run["cold"]) / _fid(run[peer]) - 1) for run in runs)
        yield Figure.of(f"{name}.difference.{peer}", "relative", gaps)
    leanest = min(peers, key=lambda peer: median(run[peer].peak_bytes for run in runs))
    shares = (run["cold"].peak_bytes / run[leanest].peak_bytes for run in runs)
    yield Figure.of(f"{name}.memory.vs.leanest", "of-its-peak", shares)


def _fid(ended: Ended) -> float:
    """Both print it last, ours with nothing before it."""
    return float(ended.stdout.split()[-1])
