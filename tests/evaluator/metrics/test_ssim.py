"""SSIM: scikit-image's and torchmetrics' values, and the paper's formula written out."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import convolve2d
from skimage.color import rgb2yuv
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from evaluator.metrics.ssim import luminance, ssim
from tests.conftest import Agree


def picture(seed: int, height: int = 40, width: int = 56) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    waves = 128 + 90 * np.sin(np.arange(width * 3).reshape(width, 3) / (3 + seed))
    return np.clip(waves + random.normal(0, 25, (height, width, 3)), 0, 255).astype(np.uint8)


def test_luminance_weighs_as_bt_601() -> None:
    pixel = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]], np.uint8)
    assert luminance(pixel)[0].tolist() == pytest.approx([76.245, 149.685, 29.07, 9.0])


def test_it_is_scikit_image_s_on_scikit_image_s_own_luminance(agree: Agree) -> None:
    """With the settings by which its manual says that it matches the paper, in 0 to 1."""
    worst = 0.0
    for seed in range(3):
        a, b = picture(seed), picture(seed) // 2 + picture(seed + 1) // 2
        expected = structural_similarity(
            *(rgb2yuv(x)[..., 0] for x in (a, b)),
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        worst = max(worst, abs(ssim(a, b) / expected - 1))
    agree("ssim.scikit-image", worst)


def test_it_is_torchmetrics_map_without_its_margin(agree: Agree) -> None:
    """torchmetrics averages the mirrored margin too; the paper and scikit-image leave it out."""
    worst = 0.0
    for seed in range(3):
        a, b = picture(seed), picture(seed) // 2 + picture(seed + 1) // 2
        planes = [torch.from_numpy(luminance(x))[None, None] for x in (b, a)]
        _, whole = structural_similarity_index_measure(
            *planes, gaussian_kernel=True, sigma=1.5, data_range=255.0, return_full_image=True
        )
        theirs = float(whole[..., 5:-5, 5:-5].mean())
        worst = max(worst, abs(ssim(b, a) / theirs - 1))
    agree("ssim.torchmetrics", worst)


def test_it_is_the_formula_of_the_paper_in_every_window(agree: Agree) -> None:
    """Eq. 13 written out, the windows as a plain convolution without a margin."""
    a, b = picture(1), picture(1) // 2 + picture(2) // 2
    x, y = luminance(a), luminance(b)
    line = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)
    window = np.outer(line, line) / line.sum() ** 2
    mx, my = (convolve2d(p, window, mode="valid") for p in (x, y))
    vx, vy, cov = (
        convolve2d(p * q, window, mode="valid") - m
        for p, q, m in ((x, x, mx**2), (y, y, my**2), (x, y, mx * my))
    )
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    each = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    agree("ssim.float64", abs(ssim(a, b) / each.mean() - 1))


def test_equal_pictures_have_1_and_inverted_ones_less_than_0() -> None:
    a = picture(3)
    assert ssim(a, a) == pytest.approx(1, abs=1e-12)
    assert ssim(255 - a, a) < 0
