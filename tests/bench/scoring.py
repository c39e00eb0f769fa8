"""The scorer on the demo's pictures: pairs a second, and where the time of a pair goes."""

import cProfile
import pstats
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from evaluator.datasets import Dataset, Pair
from evaluator.demo import demo_dataset
from evaluator.images import decode
from evaluator.protocols import protocol
from evaluator.scoring import PairScore, Scorer
from tests.bench.figures import Figure
from tests.bench.pairing import timed

PROTOCOL = "untrained-1"
COMPACT = ("compact-1", "compact-full-1")
_PARTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "decode": ("images.py", "decode"),
        "vgg": ("vgg.py", "features"),
        "inception": ("inception_onnx.py", "rows"),
        "gram": ("style.py", "gram_matrix"),
        "values": ("measures.py", "values"),
    }
)
"""Part of a pair's time → the file and function of the evaluator that it is spent in."""


def measure(*, quick: bool) -> Iterator[Figure]:
    dataset = demo_dataset("public")
    scorer = Scorer(protocol(PROTOCOL))
    pairs = dataset.pairs[:24] if quick else dataset.pairs
    scorer.prepare(dataset)
    score_all(scorer, dataset, pairs[:2])
    seconds = [
        timed(lambda: score_all(scorer, dataset, pairs)).seconds for _ in range(3 if quick else 5)
    ]
    yield Figure.of(f"scoring.{PROTOCOL}", "pairs/s", (len(pairs) / each for each in seconds))
    for name in COMPACT:
        yield _compact(name, dataset, pairs, quick=quick)
    alone = Scorer(protocol(PROTOCOL), serial=True)  # a profile sees one thread
    score_all(alone, dataset, pairs[:2])
    for part, share in shares(alone, dataset, pairs).items():
        yield Figure.of(f"scoring.{PROTOCOL}.{part}", "%", [100 * share])


def _compact(name: str, dataset: Dataset, pairs: tuple[Pair, ...], *, quick: bool) -> Figure:
    scorer = Scorer(protocol(name))
    scorer.prepare(dataset)
    score_all(scorer, dataset, pairs[:2])
    runs = [
        timed(lambda: score_all(scorer, dataset, pairs)).seconds for _ in range(3 if quick else 5)
    ]
    return Figure.of(f"scoring.{name}", "pairs/s", (len(pairs) / each for each in runs))


def score_all(scorer: Scorer, dataset: Dataset, pairs: tuple[Pair, ...]) -> list[PairScore]:
    """Score a blend of each pair's own pictures, decoded anew as a shard's outputs are."""
    found = []
    for pair in pairs:
        content, style = (
            decode(pictures.by_id(name).path, scorer.protocol.pictures)
            for pictures, name in ((dataset.content, pair.content), (dataset.style, pair.style))
        )
        output = (content // 2 + style // 2).astype(np.uint8)
        found.append(scorer.score(dataset, pair, content, style, output))
    return found


def shares(scorer: Scorer, dataset: Dataset, pairs: tuple[Pair, ...]) -> dict[str, float]:
    """Part → its share of the whole; what is in none of them is "rest"."""
    profile = cProfile.Profile()
    profile.runcall(score_all, scorer, dataset, pairs)
    whole = profile_seconds(profile, Path(__file__).name, "score_all")
    found = {
        part: profile_seconds(profile, file, function) / whole
        for part, (file, function) in _PARTS.items()
    }
    return found | {"rest": 1 - sum(found.values())}


def profile_seconds(profile: cProfile.Profile, file: str, function: str) -> float:
    """Seconds in a function and all that it called; LookupError if it was never called."""
    rows = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    for (path, _, name), (_, _, _, cumulative, _) in rows.items():
        if name == function and Path(path).name == file:
            return float(cumulative)
    raise LookupError(f"{function} of {file} was not called")
