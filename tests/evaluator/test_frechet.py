"""The Fréchet step: exact in every branch, from rows or from pytorch-fid's own statistics."""

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pytorch_fid.fid_score import calculate_frechet_distance

from evaluator.errors import ParticipantError
from evaluator.frechet import BLOCK, Gaussian, frechet_distance
from evaluator.statistics_file import load_statistics, save_statistics
from tests.conftest import RecordFigure


def rows(seed: int, count: int, dims: int, *, decay: float = 4.0) -> np.ndarray:
    """Non-negative float32 features with a falling spectrum, as a network's are."""
    mix = np.random.default_rng(99).normal(size=(dims, dims)) / np.sqrt(dims)
    spectrum = np.exp(-np.linspace(0, decay, dims))
    noise = np.random.default_rng(seed).normal(size=(count, dims))
    return np.abs(noise * spectrum @ mix + 0.1 * seed).astype(np.float32)


def by_singular_values(a: np.ndarray, b: np.ndarray) -> float:
    """The distance by its definition, every singular value found without squaring."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    gap = a.mean(axis=0) - b.mean(axis=0)
    roots = [(x - x.mean(axis=0)) / np.sqrt(len(x) - 1) for x in (a, b)]
    traces = sum((root**2).sum() for root in roots)
    cross = roots[0] @ roots[1].T
    return float(gap @ gap + traces - 2 * np.linalg.svd(cross, compute_uv=False).sum())


@pytest.mark.parametrize(("n", "r"), [(300, 290), (300, 500), (500, 700)])
@pytest.mark.parametrize("decay", [0.5, 12.0])
def test_every_branch_is_exact(n: int, r: int, decay: float) -> None:
    """Below, across and above the 320 dimensions; 12 leaves covariances nearly singular."""
    a, b = rows(1, n, 320, decay=decay), rows(2, r, 320, decay=decay)
    assert frechet_distance(a, b) == pytest.approx(by_singular_values(a, b), rel=1e-10)


@pytest.mark.parametrize("n", [290, 700])
def test_a_large_set_is_at_no_distance_from_itself(n: int) -> None:
    a = rows(3, n, 320)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_sets_are_read_in_blocks() -> None:
    a = rows(4, BLOCK + 100, 300)
    own = Gaussian.of(a)
    assert own.mean == pytest.approx(a.astype(np.float64).mean(axis=0), rel=1e-12)
    assert own.covariance == pytest.approx(np.cov(a.astype(np.float64), rowvar=False), abs=1e-12)


def test_a_singular_set_of_many_rows_is_read_in_blocks() -> None:
    a = rows(5, BLOCK + 100, 300)
    a[:, 0] = a[:, 1]
    expected = np.cov(a.astype(np.float64), rowvar=False)
    assert Gaussian.of(a).covariance == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("dims", [64, 300])
def test_memory_does_not_grow_with_the_number_of_rows(dims: int) -> None:
    peaks = []
    for count in (2 * BLOCK, 12 * BLOCK):
        a = rows(6, count, dims)
        tracemalloc.start()
        own = Gaussian.of(a)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert own.trace == pytest.approx(a.var(axis=0, ddof=1, dtype=np.float64).sum(), rel=1e-10)
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize(("n", "r", "dims"), [(40, 300, 64), (400, 300, 64), (50, 60, 300)])
def test_statistics_give_the_distance_of_the_rows(
    n: int, r: int, dims: int, tmp_path: Path
) -> None:
    """Of fewer rows than dimensions too, whose covariance is singular."""
    a, b = rows(6, n, dims), rows(7, r, dims)
    save_statistics(tmp_path / "a.npz", Gaussian.of(a))
    save_statistics(tmp_path / "b.npz", Gaussian.of(b))
    ours, theirs = (load_statistics(tmp_path / f"{name}.npz") for name in "ab")
    expected = by_singular_values(a, b)
    assert Gaussian.of(a).distance(theirs) == pytest.approx(expected, rel=1e-10)
    assert ours.distance(theirs) == pytest.approx(expected, rel=1e-10)


def test_statistics_without_any_spread_are_a_point() -> None:
    point = Gaussian.of_statistics(np.full(3, 2.0), np.zeros((3, 3)))
    assert point.distance(Gaussian.of_statistics(np.zeros(3), np.eye(3))) == pytest.approx(15)
    assert point.covariance.tolist() == np.zeros((3, 3)).tolist()


def test_pytorch_fid_reads_our_statistics_and_we_read_its(tmp_path: Path) -> None:
    a, b = rows(8, 300, 64).astype(np.float64), rows(9, 300, 64)
    save_statistics(tmp_path / "ours.npz", Gaussian.of(b))
    mu, sigma = a.mean(axis=0), np.cov(a, rowvar=False)
    np.savez_compressed(tmp_path / "theirs.npz", mu=mu, sigma=sigma)
    with np.load(tmp_path / "ours.npz") as ours:
        peer = calculate_frechet_distance(mu, sigma, ours["mu"], ours["sigma"])
    found = load_statistics(tmp_path / "theirs.npz").distance(Gaussian.of(b))
    assert found == pytest.approx(peer, rel=1e-7)


@pytest.mark.parametrize(
    ("mu", "sigma", "part"),
    [
        (np.zeros(3), np.eye(4), "belong together"),
        (np.array([0.0, np.nan]), np.eye(2), "not finite"),
        (np.zeros(2), -np.eye(2), "negative eigenvalues"),
    ],
)
def test_statistics_that_are_none_are_refused(
    mu: np.ndarray, sigma: np.ndarray, part: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "s.npz", mu=mu, sigma=sigma)
    with pytest.raises(ParticipantError, match=part) as caught:
        load_statistics(tmp_path / "s.npz")
    assert caught.value.code == "statistics.invalid"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04."])
def test_a_file_without_statistics_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "s.npz").write_bytes(content)
    with pytest.raises(ParticipantError, match="mu and sigma") as caught:
        load_statistics(tmp_path / "s.npz")
    assert caught.value.code == "statistics.unreadable"


def test_statistics_with_pickles_are_never_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", mu=np.array([object()]), sigma=np.eye(1))
    with pytest.raises(ParticipantError, match="mu and sigma"):
        load_statistics(tmp_path / "s.npz")


def test_sets_of_different_features_have_no_distance() -> None:
    with pytest.raises(ValueError, match="64 and 32 dimensions"):
        frechet_distance(rows(1, 10, 64), rows(2, 10, 32))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("n", "least"), [(500, 10), (2000, 5)])
def test_the_step_is_much_quicker_than_sqrtm_and_exact(
    n: int, least: float, record_figure: RecordFigure
) -> None:
    """From rows of 2,048 dimensions; processor time, since others share the machine.

    One run on a busy machine is no measurement: ``make bench`` makes those, this sees a step back.
    """
    a, b = (rows(seed, n, 2048) for seed in (1, 2))
    start = time.process_time()
    found = frechet_distance(a, b)
    ours = time.process_time() - start
    start = time.process_time()
    statistics = [(x.astype(float).mean(axis=0), np.cov(x.astype(float).T)) for x in (a, b)]
    peer = calculate_frechet_distance(*statistics[0], *statistics[1])
    theirs = time.process_time() - start
    record_figure(f"frechet.speedup.{n}", theirs / ours, "times sqrtm")
    exact = by_singular_values(a, b)
    record_figure(f"frechet.exact.{n}", abs(found / exact - 1), "relative")
    record_figure(f"frechet.sqrtm-error.{n}", abs(float(peer) / found - 1), "relative")
    assert found == pytest.approx(exact, rel=1e-10)
    assert theirs > least * ours
