"""Statistics of feature maps that carry style: moments, Gram matrices, whitening."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "adaptive_instance_norm",
    "gram",
    "moments",
    "square_roots",
    "whiten_and_colour",
    "with_moments",
]

EPSILON = 1e-5
ITERATIONS = 24
RIDGE = 1e-3


def adaptive_instance_norm(x: Tensor, style: Tensor) -> Tensor:
    """``x`` [N, C, H, W] with each channel's mean and deviation taken from ``style`` [N, C, h, w].

    Huang, Belongie: "Arbitrary Style Transfer in Real-time with AdaIN", ICCV 2017, equation 8;
    deviations are of the unbiased variance plus 1e-5, as in the published implementations.
    """
    return with_moments(x, *moments(style))


def with_moments(x: Tensor, wanted_mean: Tensor, wanted_spread: Tensor) -> Tensor:
    """``x`` [N, C, H, W] with that mean and deviation of each channel, [N, C, 1, 1]."""
    mean, spread = moments(x)
    return (x - mean) / spread * wanted_spread + wanted_mean


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel, [N, C, 1, 1]."""
    variance = x.var((2, 3), keepdim=True)
    return x.mean((2, 3), keepdim=True), (variance + EPSILON).sqrt()


def gram(x: Tensor) -> Tensor:
    """F Fᵀ / M of feature maps [N, C, H, W], M = H·W: [N, C, C].

    Gatys et al. 2016, equation 3, over the number of positions, so that sizes can be compared.
    """
    flat = x.flatten(2)
    return flat @ flat.transpose(1, 2) / (x.shape[2] * x.shape[3])


def square_roots(matrix: Tensor, iterations: int = ITERATIONS) -> tuple[Tensor, Tensor]:
    """A^½ and A^-½ of symmetric positive definite matrices [N, C, C], by products alone.

    The coupled Newton–Schulz iteration (Higham, "Functions of Matrices", 2008, equation 6.35; used
    on features by Lin, Maji, BMVC 2017): Y ← Y T, Z ← T Z with T = (3I − Z Y) / 2, from Y = A / ‖A‖
    and Z = I. It converges for ‖I − A/‖A‖‖ < 1 and, unlike an eigendecomposition, can be exported.
    """
    eye = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    norm = matrix.square().sum((1, 2), keepdim=True).sqrt()
    y, z = matrix / norm, eye.expand_as(matrix)
    for _ in range(iterations):
        t = 1.5 * eye - 0.5 * (z @ y)
        y, z = y @ t, t @ z
    return y * norm.sqrt(), z / norm.sqrt()


def whiten_and_colour(x: Tensor, style: Tensor) -> Tensor:
    """``x`` [N, C, H, W] with the mean and the whole covariance of ``style`` [N, C, h, w].

    Li, Fang, Yang, Wang, Lu, Yang: "Universal Style Transfer via Feature Transforms", NIPS 2017,
    equations 2 and 3: f_cs = Σ_s^½ Σ_c^-½ (f_c − m_c) + m_s. Departure: roots by Newton–Schulz of
    covariances with ``RIDGE`` of their mean variance on the diagonal, where the paper drops small
    eigenvalues.
    """
    (centred, _, covariance), (_, wanted_mean, wanted) = _centred(x), _centred(style)
    _, whitening = square_roots(covariance)
    colouring, _ = square_roots(wanted)
    moved = colouring @ (whitening @ centred) + wanted_mean
    return moved.reshape(x.shape)


def _centred(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Features less their mean [N, C, M], the mean [N, C, 1], the covariance [N, C, C]."""
    flat = x.flatten(2)
    mean = flat.mean(2, keepdim=True)
    centred = flat - mean
    covariance = centred @ centred.transpose(1, 2) / (x.shape[2] * x.shape[3])
    eye = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    variance = (covariance * eye).sum((1, 2), keepdim=True) / x.shape[1]
    return centred, mean, covariance + (RIDGE * variance + EPSILON) * eye
