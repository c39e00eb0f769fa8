"""SSIM: scikit-image's and torchmetrics' values, and the formula written out for one window."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

from evaluator.metrics.ssim import luminance, ssim
from tests.conftest import RecordFigure


def picture(seed: int, height: int = 40, width: int = 56) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    waves = 128 + 90 * np.sin(np.arange(width * 3).reshape(width, 3) / (3 + seed))
    return np.clip(waves + random.normal(0, 25, (height, width, 3)), 0, 255).astype(np.uint8)


def test_luminance_weighs_as_bt_601() -> None:
    pixel = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]], np.uint8)
    assert luminance(pixel)[0].tolist() == pytest.approx([76.245, 149.685, 29.07, 9.0])


def test_it_is_scikit_image_s_with_the_paper_s_settings() -> None:
    a, b = picture(1), picture(2)
    expected = structural_similarity(
        luminance(a),
        luminance(b),
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(a, b) == expected


def test_it_is_torchmetrics_map_without_its_margin(record_figure: RecordFigure) -> None:
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
    record_figure("agreement.ssim.torchmetrics", worst, "relative")
    assert worst < 1e-6


def test_it_is_the_formula_of_the_paper_in_one_window() -> None:
    a, b = picture(1, 11, 11), picture(2, 11, 11)
    x, y = luminance(a), luminance(b)
    line = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)
    window = np.outer(line, line) / line.sum() ** 2
    mx, my = (window * x).sum(), (window * y).sum()
    vx, vy, cov = (
        (window * p * q).sum() - m for p, q, m in ((x, x, mx**2), (y, y, my**2), (x, y, mx * my))
    )
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    expected = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    assert ssim(a, b) == pytest.approx(expected, rel=1e-6)


def test_equal_pictures_have_1_and_inverted_ones_less_than_0() -> None:
    a = picture(3)
    assert ssim(a, a) == pytest.approx(1, abs=1e-12)
    assert ssim(255 - a, a) < 0
