"""A whole evaluation (content, style, LPIPS, FID) of ready-made outputs at 256²: ours in one
process, beside lpips, pytorch-fid and a plain VGG script, one after another. Nothing is kept.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.figures import Figure
from tests.bench.fresh import Ended, run_fresh
from tests.bench.pairing import alternate

CONTENTS, STYLES = 20, 10


def measure(*, quick: bool) -> Iterator[Figure]:
    contents, styles = (4, 3) if quick else (CONTENTS, STYLES)
    with TemporaryDirectory(prefix="stylearena-bench-") as name:
        home = Path(name) / "scene"
        _python("evaluation_scene", str(home), str(contents), str(styles))
        runs = alternate(
            lambda: ours(home, Path(name)), lambda: peers(home), pairs=1 if quick else 5
        )
    label = f"evaluation.n{contents * styles}"
    yield Figure.of(f"{label}.seconds", "s", (mine.seconds for mine, _ in runs))
    yield Figure.of(f"{label}.memory", "MiB", (mine.peak_bytes / 2**20 for mine, _ in runs))
    for index, peer in enumerate(("lpips", "vgg", "pytorch-fid")):
        yield Figure.of(f"{label}.seconds.{peer}", "s", (them[index].seconds for _, them in runs))
    ratios = (sum(each.seconds for each in them) / mine.seconds for mine, them in runs)
    yield Figure.of(f"{label}.vs.three-scripts", "x", ratios)


def ours(home: Path, scratch: Path) -> Ended:
    """With a cache that is new each time."""
    with TemporaryDirectory(dir=scratch) as cache:
        kept = {"STYLEARENA_CACHE_DIR": cache}
        return _python("evaluation_by", "ours", str(home), environment=os.environ | kept)


def peers(home: Path) -> list[Ended]:
    plain = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    plain |= {"TORCH_HOME": str(home)}
    found = [
        _python("evaluation_by", name, str(home), environment=plain) for name in ("lpips", "vgg")
    ]
    folders = [str(home / "outputs"), str(home / "data" / "style")]
    command = [sys.executable, "-m", "pytorch_fid", "--device=cpu", *folders]
    return [*found, run_fresh(command, plain)]


def _python(module: str, *arguments: str, environment: dict[str, str] | None = None) -> Ended:
    return run_fresh([sys.executable, "-m", f"tests.bench.{module}", *arguments], environment)
