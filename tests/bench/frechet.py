"""The Fréchet step alone: features to distance, ours and as each peer does it.

Features are made so that their distance is known in closed form. Ours pays for the reference set in
each run too, peers for both covariances, as each does when handed two sets of pictures.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from evaluator.metrics.fid import frechet_distance
from tests.bench.figures import Figure
from tests.bench.frechet_by import PEERS
from tests.bench.pairing import Timed, timed

DIMS = 2048
SIZES, QUICK_SIZES = (200, 500, 2000), (500,)  # peers take as long for each
QUICK_PEERS = ("pytorch-fid", "torch-fidelity")  # one by sqrtm, one by eigenvalues

Floats = NDArray[np.float64]

Round = Mapping[str, tuple[Timed[float], Timed[float]]]
"""Peer → our run beside it, and its own."""


@dataclass(frozen=True, slots=True)
class Case:
    """Two sets of feature rows, float64 [n, DIMS], and their exact distance."""

    a: Floats
    b: Floats
    distance: float


def measure(*, quick: bool) -> Iterator[Figure]:
    for n in QUICK_SIZES if quick else SIZES:
        case = known_case(n)
        frechet_distance(case.a, case.b)  # loads LAPACK
        peers = QUICK_PEERS if quick else tuple(PEERS)
        runs = [_round(case, index, peers) for index in range(1 if quick else 5)]
        yield from _figures(f"frechet.n{n}", case.distance, runs)


def _round(case: Case, index: int, peers: Sequence[str]) -> Round:
    """Each peer beside a run of ours of its own; who goes first alternates."""
    found = {}
    for peer in peers:
        both = (frechet_distance, PEERS[peer])
        first, second = both if index % 2 == 0 else both[::-1]
        a, b = (timed(partial(each, case.a, case.b)) for each in (first, second))
        found[peer] = (a, b) if index % 2 == 0 else (b, a)
    return found


def _figures(name: str, exact: float, runs: Sequence[Round]) -> Iterator[Figure]:
    def error(run: Timed[float]) -> float:
        return abs(run.result / exact - 1)

    ours = [mine for run in runs for mine, _ in run.values()]
    yield Figure.of(f"{name}.seconds", "s", (each.seconds for each in ours))
    yield Figure.of(f"{name}.error", "relative", (error(each) for each in ours))
    for peer in runs[0]:
        both = [run[peer] for run in runs]
        ratios = (theirs.seconds / mine.seconds for mine, theirs in both)
        yield Figure.of(f"{name}.vs.{peer}", "x", ratios)
        yield Figure.of(f"{name}.error.{peer}", "relative", (error(theirs) for _, theirs in both))


def known_case(n: int) -> Case:
    """Covariances V S₁² Vᵀ and V R S₂² Rᵀ Vᵀ, where R turns coordinates pairwise.

    They do not commute, and the nuclear norm of S₁ R S₂ is a sum over 2 × 2 blocks M, of
    √(‖M‖² + 2 |det M|) each.
    """
    random = np.random.default_rng(n)
    rank = min(n - 1, DIMS) // 2 * 2
    V = np.linalg.qr(random.normal(size=(DIMS, rank)))[0]
    decay = np.arange(1, rank + 1)
    s1, s2 = decay**-0.7, 0.8 * decay**-0.6
    angles = random.uniform(0, np.pi / 2, rank // 2)
    turn = _turns(angles)
    means = random.uniform(0, 0.4, (2, DIMS))
    a = means[0] + _standard_rows(n, rank, random) @ (V * s1).T
    b = means[1] + _standard_rows(n, rank, random) @ (V @ turn * s2).T
    gap = means[0] - means[1]
    M = s1[:, None] * turn * s2
    return Case(a, b, gap @ gap + s1 @ s1 + s2 @ s2 - 2 * _nuclear_of_blocks(M))


def _standard_rows(n: int, rank: int, random: np.random.Generator) -> Floats:
    """[n, rank] with mean 0 and covariance 1, to the last bits."""
    rows = random.normal(size=(n, rank))
    orthonormal: Floats = np.linalg.qr(rows - rows.mean(axis=0))[0]
    return orthonormal * float(np.sqrt(n - 1))


def _turns(angles: Floats) -> Floats:
    """Rotations by each angle on the diagonal."""
    turn = np.zeros((2 * len(angles), 2 * len(angles)))
    even = np.arange(0, len(turn), 2)
    turn[even, even] = turn[even + 1, even + 1] = np.cos(angles)
    turn[even + 1, even] = np.sin(angles)
    turn[even, even + 1] = -np.sin(angles)
    return turn


def _nuclear_of_blocks(M: Floats) -> float:
    even = np.arange(0, len(M), 2)
    a, b, c, d = M[even, even], M[even, even + 1], M[even + 1, even], M[even + 1, even + 1]
    return float(np.sqrt(a**2 + b**2 + c**2 + d**2 + 2 * np.abs(a * d - b * c)).sum())
