"""FID of one folder of pictures to another, whole processes: our command and its peers.

All read the same weights of the published form: pytorch-fid and clean-fid find them where torch.hub
would have put the download. Ours runs with nothing kept, and again with the reference's features
kept, and both ways with ``--fast`` too, bfloat16, where the processor computes that in hardware:
elsewhere the command refuses, and nothing is said of its speed. Quick runs stop at the block of 768
channels, whose matrix root takes no time, and know pytorch-fid alone. All in turn, so that what
slows the machine slows each.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.fid_by import PEERS
from tests.bench.fid_scene import FidScene
from tests.bench.figures import Figure, Unmeasured
from tests.bench.fresh import Ended, run_fresh

__all__ = ["measure"]

EXACT, FAST = ("cold", "kept"), ("fast.cold", "fast.kept")

Runs = Sequence[Mapping[str, Ended]]


def measure(*, quick: bool) -> Iterator[Figure | Unmeasured]:
    count, dims = (64, 768) if quick else (500, 2048)
    peers = ("pytorch-fid",) if quick else ("pytorch-fid", *PEERS)
    ours = (*EXACT, *FAST) if _has_bfloat16() else EXACT
    with TemporaryDirectory(prefix="stylearena-bench-") as home:
        scene = FidScene(Path(home), dims)
        scene.prepare(count)
        turns = _turns(scene, ours, peers)
        for who in ours[1::2]:
            turns[who]()  # keeps the reference's features
        runs = [_round(turns, index) for index in range(2 if quick else 5)]
    name = f"fid{dims}.n{count}"
    yield from _seconds(name, runs, (*ours, *peers))
    for peer in peers:
        yield from _beside(name, runs, ours, peer)
    yield from _of_ours(name, runs, peers, fast=ours != EXACT)


def _turns(
    scene: FidScene, ours: Sequence[str], peers: Sequence[str]
) -> dict[str, Callable[[], Ended]]:
    turns: dict[str, Callable[[], Ended]] = {}
    for who in ours:
        options = ("--fast",) if who in FAST else ()
        turns[who] = partial(scene.cold if who.endswith("cold") else scene.ours, *options)
    return turns | {name: partial(scene.peer, name) for name in peers}


def _round(turns: Mapping[str, Callable[[], Ended]], index: int) -> dict[str, Ended]:
    """One run of each, every other time in reverse."""
    names = list(turns)[:: 1 if index % 2 == 0 else -1]
    return {name: turns[name]() for name in names}


def _seconds(name: str, runs: Runs, everybody: Sequence[str]) -> Iterator[Figure]:
    for who in everybody:
        yield Figure.of(f"{name}.{who}.seconds", "s", (run[who].seconds for run in runs))
        memory = (run[who].peak_bytes / 2**20 for run in runs)
        yield Figure.of(f"{name}.{who}.memory", "MiB", memory)


def _beside(name: str, runs: Runs, ours: Sequence[str], peer: str) -> Iterator[Figure]:
    for who in ours:
        ratios = (run[peer].seconds / run[who].seconds for run in runs)
        yield Figure.of(f"{name}.{who}.vs.{peer}", "x", ratios)
    gaps = (abs(_fid(run["cold"]) / _fid(run[peer]) - 1) for run in runs)
    yield Figure.of(f"{name}.difference.{peer}", "relative", gaps)


def _of_ours(
    name: str, runs: Runs, peers: Sequence[str], *, fast: bool
) -> Iterator[Figure | Unmeasured]:
    leanest = min(peers, key=lambda peer: median(run[peer].peak_bytes for run in runs))
    shares = (run["cold"].peak_bytes / run[leanest].peak_bytes for run in runs)
    yield Figure.of(f"{name}.memory.vs.leanest", "of-its-peak", shares)
    if not fast:
        yield Unmeasured(f"{name}.fast", "this processor has neither AVX512-BF16 nor AMX")
        return
    gaps = (abs(_fid(run["fast.cold"]) / _fid(run["cold"]) - 1) for run in runs)
    yield Figure.of(f"{name}.fast.difference", "relative", gaps)


def _fid(ended: Ended) -> float:
    """Both print it last, ours with nothing before it."""
    return float(ended.stdout.split()[-1])


def _has_bfloat16() -> bool:
    """Asked for in a process of its own: this one has to stay small."""
    code = (
        "import torch; from evaluator.fid.torch_network import has_bfloat16; "
        "print(has_bfloat16(torch.device('cpu')))"
    )
    return run_fresh([sys.executable, "-c", code]).stdout.strip() == "True"
