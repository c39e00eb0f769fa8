"""``fid --fast``, bfloat16, beside each peer; and how far its number is from the exact one.

Only where the processor computes bfloat16 in hardware: elsewhere the command refuses, and nothing
is said of its speed.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.fid_by import PEERS
from tests.bench.fid_scene import FidScene
from tests.bench.figures import Figure, Unmeasured
from tests.bench.pairing import alternate

__all__ = ["measure"]

NAMES = ("fid.fast.vs.peers", "fid.fast.kept.vs.peers", "fid.fast.difference")


def measure(*, quick: bool) -> Iterator[Figure | Unmeasured]:
    if not _has_bfloat16():
        for name in NAMES:
            yield Unmeasured(name, "this processor has neither AVX512-BF16 nor AMX")
        return
    count, dims = (64, 768) if quick else (500, 2048)
    with TemporaryDirectory(prefix="stylearena-bench-") as home:
        scene = FidScene(Path(home), dims)
        scene.prepare(count)
        scene.ours("--fast")  # keeps the reference's features
        yield from _figures(scene, f"fid{dims}.n{count}.fast", quick=quick)


def _figures(scene: FidScene, label: str, *, quick: bool) -> Iterator[Figure]:
    pairs = 1 if quick else 5
    for peer in ("pytorch-fid",) if quick else ("pytorch-fid", *PEERS):
        for who, options in (("cold", ("--no-cache", "--fast")), ("kept", ("--fast",))):
            runs = alternate(
                lambda options=options: scene.ours(*options),
                lambda peer=peer: scene.peer(peer),
                pairs=pairs,
            )
            ratios = (theirs.seconds / mine.seconds for mine, theirs in runs)
            yield Figure.of(f"{label}.{who}.vs.{peer}", "x", ratios)
    exact, fast = (float(scene.cold(*options).stdout.split()[-1]) for options in ((), ("--fast",)))
    yield Figure.of(f"{label}.difference", "relative", [abs(fast / exact - 1)])


def _has_bfloat16() -> bool:
    """Asked for in a process of its own: this one has to stay small."""
    import sys

    from tests.bench.fresh import run_fresh

    code = (
        "import torch; from evaluator.fid.torch_network import has_bfloat16; "
        "print(has_bfloat16(torch.device('cpu')))"
    )
    return run_fresh([sys.executable, "-c", code]).stdout.strip() == "True"
