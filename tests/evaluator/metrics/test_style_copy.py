"""Style copy: pasted patches are flagged wherever they come from, honest pictures are not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.metrics.style_copy import nearest_style_patches, style_copy
from tests.evaluator.tiny import waves

SIDE, SETTINGS = 128, {"side": 24, "texture": 6.0, "similarity": 0.97}


def textured(seed: int) -> NDArray[np.uint8]:
    """Strokes at many scales, so that no two places are alike."""
    random = np.random.default_rng(seed)
    noise = np.kron(random.integers(-60, 61, (SIDE // 4, SIDE // 4, 3)), np.ones((4, 4, 1)))
    return np.clip(waves(seed, fastest=30.0, side=SIDE) + noise, 0, 255).astype(np.uint8)


STYLE = textured(0)


def pasted(side: int = 64, *, at: tuple[int, int], of: tuple[int, int]) -> NDArray[np.uint8]:
    output = textured(1).copy()
    output[at[0] : at[0] + side, at[1] : at[1] + side] = STYLE[
        of[0] : of[0] + side, of[1] : of[1] + side
    ]
    return output


def share(output: NDArray[np.uint8], style: NDArray[np.uint8] = STYLE) -> float:
    return style_copy(output, style, **SETTINGS)


def test_the_style_picture_itself_is_all_copied_and_another_picture_is_not() -> None:
    assert share(STYLE) == 1
    assert share(textured(1)) == 0


@pytest.mark.parametrize("of", [(0, 0), (13, 40), (31, 7)])
def test_a_pasted_square_is_flagged_at_any_offset(of: tuple[int, int]) -> None:
    assert share(pasted(at=(24, 36), of=of)) > 0.1


def test_correlations_are_those_of_a_plain_float64_computation() -> None:
    """Rounding in float32, about 1e-7, would decide which patches reach the threshold."""
    output, style = textured(1)[:32, :32], STYLE[:32, :32]
    best, deviation = nearest_style_patches(output, style, side=24)

    def patches(pixels: NDArray[np.uint8], step: int) -> list[NDArray[np.float64]]:
        height, width = (each // 2 for each in pixels.shape[:2])
        even = pixels[: 2 * height, : 2 * width].astype(float)
        small = even.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))
        cut = [
            small[y : y + 12, x : x + 12].reshape(-1, 3)
            for y in range(0, height - 11, step)
            for x in range(0, width - 11, step)
        ]
        return [(each - each.mean(axis=0)).ravel() for each in cut]

    shifted = [patch for y in (0, 1) for x in (0, 1) for patch in patches(style[y:, x:], 1)]
    ours = patches(output, 6)
    norm = np.linalg.norm
    expected = [max(float(p @ q / norm(p) / norm(q)) for q in shifted) for p in ours]
    assert best == pytest.approx(expected, rel=1e-12)
    assert deviation == pytest.approx([norm(p) / 432**0.5 for p in ours], rel=1e-12)


def test_the_flagged_patches_are_the_pasted_ones() -> None:
    best, _ = nearest_style_patches(pasted(at=(24, 36), of=(13, 41)), STYLE, side=24)
    flagged = np.argwhere(best.reshape(9, 9) >= 0.97)  # patches start every 12 pixels
    assert flagged.min(axis=0).tolist() == [2, 3]
    assert flagged.max(axis=0).tolist() == [5, 6]
    assert len(flagged) == 16


def test_more_pasted_is_more_flagged() -> None:
    shares = [share(pasted(side, at=(0, 0), of=(1, 1))) for side in (24, 48, 72, 96, 120)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


def test_brightness_and_contrast_do_not_hide_a_copy() -> None:
    assert share((STYLE // 2 + 60).astype(np.uint8)) > 0.95


def test_a_copy_by_a_constant_is_no_texture() -> None:
    flat = np.full_like(STYLE, 90)
    assert share(flat, flat) == 0


def test_pictures_of_different_size_can_be_compared() -> None:
    assert share(STYLE[:96, :112], STYLE) == 1
