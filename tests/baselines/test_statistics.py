"""Statistics of features: against eigendecompositions and definitions."""

import torch

from baselines.networks.statistics import gram, moments, square_roots, whiten_and_colour


def features(seed: int, channels: int = 24, side: int = 40) -> torch.Tensor:
    """Correlated, of unlike scales, as features are."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(channels, channels, generator=generator) / channels**0.5
    scales = torch.logspace(-1, 1, channels)
    x = torch.randn(2, channels, side, side, generator=generator)
    mixed = torch.einsum("ij,njhw->nihw", mixing * scales, x)
    return (mixed + scales.view(1, -1, 1, 1)).relu()


def covariance(x: torch.Tensor) -> torch.Tensor:
    flat = x.flatten(2)
    centred = flat - flat.mean(2, keepdim=True)
    return centred @ centred.transpose(1, 2) / flat.shape[2]


def test_newton_schulz_gives_the_roots_of_an_eigendecomposition() -> None:
    matrix = covariance(features(1)) + 0.05 * torch.eye(24)
    values, vectors = torch.linalg.eigh(matrix.double())
    root, inverse = square_roots(matrix)
    for found, power in ((root, 0.5), (inverse, -0.5)):
        expected = vectors @ torch.diag_embed(values**power) @ vectors.transpose(1, 2)
        assert torch.allclose(found.double(), expected, rtol=1e-3, atol=1e-3)


def test_whitening_and_colouring_gives_the_styles_mean_and_covariance() -> None:
    content, style = features(2), features(3, side=33)
    found = whiten_and_colour(content, style)
    wanted = covariance(style)
    assert torch.allclose(found.mean((2, 3)), style.mean((2, 3)), atol=1e-2)
    assert float((covariance(found) - wanted).norm() / wanted.norm()) < 0.02


def test_whitening_with_the_content_as_style_changes_nothing() -> None:
    content = features(2)
    assert torch.allclose(whiten_and_colour(content, content), content, atol=2e-2)


def test_a_constant_map_stays_finite() -> None:
    flat = torch.full((1, 8, 9, 9), 0.5)
    assert torch.isfinite(whiten_and_colour(flat, features(1, channels=8)[:1])).all()


def test_a_gram_matrix_does_not_depend_on_where_things_are() -> None:
    x = features(4)
    shuffled = x.flatten(2)[:, :, torch.randperm(1600)].view_as(x)
    assert torch.allclose(gram(x), gram(shuffled), rtol=1e-4, atol=1e-4)
    assert torch.allclose(moments(x)[0], moments(shuffled)[0], rtol=1e-4, atol=1e-4)
