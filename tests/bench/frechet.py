"""The Fréchet step alone: features to distance, ours and as pytorch-fid does it.

Features are made so that their distance is known in closed form. Ours pays for the reference set in
each run too, pytorch-fid for both covariances, as each does when handed two sets of pictures.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pytorch_fid.fid_score import calculate_frechet_distance

from evaluator.metrics.fid import frechet_distance
from tests.bench.figures import Figure
from tests.bench.pairing import Timed, alternate, timed

DIMS = 2048
SIZES, QUICK_SIZES = (200, 500, 2000), (500,)  # sqrtm costs the same at each

Floats = NDArray[np.float64]


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
        runs = _runs(case, pairs=1 if quick else 5)
        yield from _figures(f"frechet.n{n}", case.distance, runs)


def _runs(case: Case, *, pairs: int) -> list[tuple[Timed[float], Timed[float]]]:
    return alternate(
        lambda: timed(lambda: frechet_distance(case.a, case.b)),
        lambda: timed(lambda: pytorch_fid_distance(case.a, case.b)),
        pairs=pairs,
    )


def _figures(
    name: str, exact: float, runs: list[tuple[Timed[float], Timed[float]]]
) -> Iterator[Figure]:
    def error(run: Timed[float]) -> float:
        return abs(run.result / exact - 1)

    yield Figure.of(f"{name}.seconds", "s", (ours.seconds for ours, _ in runs))
    yield Figure.of(
        f"{name}.vs.pytorch-fid", "x", (peer.seconds / ours.seconds for ours, peer in runs)
    )
    yield Figure.of(f"{name}.error", "relative", (error(ours) for ours, _ in runs))
    yield Figure.of(f"{name}.error.pytorch-fid", "relative", (error(peer) for _, peer in runs))


def pytorch_fid_distance(a: Floats, b: Floats) -> float:
    """From features to distance, by pytorch-fid's own steps."""
    moments = [(rows.mean(axis=0), np.cov(rows, rowvar=False)) for rows in (a, b)]
    return float(calculate_frechet_distance(*moments[0], *moments[1]))


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
