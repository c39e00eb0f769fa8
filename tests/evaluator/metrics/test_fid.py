"""The Fréchet distance: against pytorch-fid's own, closed forms, and repeated rows."""

import numpy as np
import pytest
from pytorch_fid.fid_score import calculate_frechet_distance

from evaluator.frechet import BLOCK
from evaluator.metrics.fid import FidReference, frechet_distance


def cloud(seed: int, rows: int, dims: int, shift: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    mix = random.normal(size=(dims, dims)) / np.sqrt(dims)
    return random.normal(size=(rows, dims)) @ mix + shift


def peer(a: np.ndarray, b: np.ndarray) -> float:
    return float(
        calculate_frechet_distance(
            a.mean(axis=0), np.cov(a, rowvar=False), b.mean(axis=0), np.cov(b, rowvar=False)
        )
    )


@pytest.mark.parametrize("shift", [0.0, 0.3])
@pytest.mark.parametrize(("n", "r", "d"), [(300, 200, 24), (90, 500, 64), (70, 65, 64)])
def test_it_agrees_with_pytorch_fid(n: int, r: int, d: int, shift: float) -> None:
    a, b = cloud(1, n, d, shift), cloud(2, r, d)
    assert frechet_distance(a, b) == pytest.approx(peer(a, b), rel=1e-6)


@pytest.mark.parametrize(("n", "r", "d"), [(20, 30, 64), (20, 200, 64), (200, 20, 64)])
def test_it_agrees_with_eigenvalues_where_there_are_fewer_rows_than_dimensions(
    n: int, r: int, d: int
) -> None:
    a, b = cloud(1, n, d), cloud(2, r, d)
    s1, s2 = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.sqrt(np.clip(np.linalg.eigvals(s1 @ s2).real, 0, None)).sum()
    gap = a.mean(axis=0) - b.mean(axis=0)
    expected = gap @ gap + np.trace(s1) + np.trace(s2) - 2 * root
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("n", "d"), [(50, 8), (50, 200)])
def test_a_set_is_at_no_distance_from_itself(n: int, d: int) -> None:
    rows = cloud(3, n, d, shift=5.0)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-9)


def test_the_distance_of_a_moved_set_is_the_move() -> None:
    rows = cloud(4, 40, 10)
    assert frechet_distance(rows + 3.0, rows) == pytest.approx(90.0, rel=1e-12)


def test_the_distance_of_a_stretched_set_is_known() -> None:
    """(k − 1)² tr Σ, since (Σ · k²Σ)^½ = kΣ."""
    rows = cloud(5, 400, 6)
    rows -= rows.mean(axis=0)
    trace = np.trace(np.cov(rows, rowvar=False))
    assert frechet_distance(1.5 * rows, rows) == pytest.approx(0.25 * trace, rel=1e-10)


def test_it_is_symmetric() -> None:
    a, b = cloud(6, 30, 50), cloud(7, 80, 50)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-12)


def test_it_does_not_depend_on_the_order_of_rows() -> None:
    a, b = cloud(6, 100, 20), cloud(7, 80, 20)
    assert frechet_distance(a[::-1], b) == pytest.approx(frechet_distance(a, b), rel=1e-11)


def test_it_falls_as_one_set_approaches_the_other() -> None:
    a, b = cloud(8, 60, 20, shift=1.0), cloud(9, 60, 20)
    steps = [frechet_distance(a + t * (b - a), b) for t in np.linspace(0, 1, 6)]
    assert steps == sorted(steps, reverse=True)


@pytest.mark.parametrize(("n", "r", "d"), [(40, 30, 8), (40, 30, 100)])
def test_a_replicate_is_the_distance_of_the_repeated_rows(n: int, r: int, d: int) -> None:
    rows, reference = cloud(10, n, d), FidReference.of(cloud(11, r, d))
    weights = np.random.default_rng(0).integers(0, 4, size=(5, n)).astype(float)
    expected = [reference.value(np.repeat(rows, w.astype(int), axis=0)) for w in weights]
    assert reference.replicates(rows, weights) == pytest.approx(expected, rel=1e-10)


def test_equal_weights_give_the_value_itself() -> None:
    rows, reference = cloud(12, 40, 9), FidReference.of(cloud(13, 40, 9))
    replicate = reference.replicates(rows, np.ones((1, 40)))[0]
    assert replicate == pytest.approx(reference.value(rows), rel=1e-12)


def test_one_row_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="two or more"):
        frechet_distance(np.ones((1, 4)), np.ones((5, 4)))


def test_replicates_of_more_rows_than_fit_a_block_are_fids_of_the_drawn_rows() -> None:
    random = np.random.default_rng(5)
    rows, weights = random.normal(size=(BLOCK + 300, 24)), random.poisson(1.0, (3, BLOCK + 300))
    reference = FidReference.of(random.normal(size=(90, 24)) * 1.3 + 0.2)
    expected = [reference.value(np.repeat(rows, w, axis=0)) for w in weights]
    found = reference.replicates(rows, weights.astype(np.float64))
    assert found == pytest.approx(expected, rel=1e-10)
