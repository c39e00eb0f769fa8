"""Style copy: pasted patches are flagged wherever they come from, honest pictures are not."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from evaluator.metrics import style_copy as style_copy_module
from evaluator.metrics.style_copy import copied_patches, style_copy
from tests.evaluator.tiny import waves

SIDE = 128
SETTINGS: Any = {"side": 24, "texture": 6.0, "similarity": 0.97}


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


def plain(
    output: NDArray[np.uint8], style: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each patch's highest correlation with the style, and its deviation, in plain float64."""

    def patches(pixels: NDArray[np.uint8], step: int) -> NDArray[np.float64]:
        height, width = (each // 2 for each in pixels.shape[:2])
        even = pixels[: 2 * height, : 2 * width].astype(float)
        small = even.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))
        cut = [
            small[y : y + 12, x : x + 12].reshape(-1, 3)
            for y in range(0, height - 11, step)
            for x in range(0, width - 11, step)
        ]
        return np.stack([(each - each.mean(axis=0)).ravel() for each in cut])

    shifted = np.concatenate([patches(style[y:, x:], 1) for y in (0, 1) for x in (0, 1)])
    ours = patches(output, 6)
    lengths, others = (np.linalg.norm(rows, axis=1) for rows in (ours, shifted))
    correlations = (ours / lengths[:, None]) @ (shifted / others[:, None]).T
    return correlations.max(axis=1), lengths / 432**0.5


@pytest.mark.parametrize("similarity", [0.4, 0.7, 0.9, 0.97])
@pytest.mark.parametrize("at_once", [style_copy_module.AT_ONCE, 5000])
def test_what_is_copied_is_what_a_plain_float64_computation_says(
    similarity: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few correlations are computed, and however many of them at a time."""
    monkeypatch.setattr(style_copy_module, "AT_ONCE", at_once)
    output = pasted(at=(24, 36), of=(13, 41)).astype(float)
    output += np.random.default_rng(2).normal(0, 9, output.shape)  # some nearly copied
    output[60:, :60] = output[60:, :60] / 20 + 100  # and some without texture
    outputs = np.clip(output, 0, 255).astype(np.uint8)[:96, :110]
    best, deviation = plain(outputs, STYLE)
    copied, textured = copied_patches(outputs, STYLE, **(SETTINGS | {"similarity": similarity}))

    assert textured.ravel().tolist() == (deviation >= 6).tolist()
    assert copied.ravel().tolist() == ((best >= similarity) & (deviation >= 6)).tolist()
    assert 0 < copied.sum() < textured.sum() < copied.size


def test_the_flagged_patches_are_the_pasted_ones() -> None:
    copied, _ = copied_patches(pasted(at=(24, 36), of=(13, 41)), STYLE, **SETTINGS)
    flagged = np.argwhere(copied)  # patches start every 12 pixels
    assert copied.shape == (9, 9)
    assert flagged.min(axis=0).tolist() == [2, 3]
    assert flagged.max(axis=0).tolist() == [5, 6]
    assert len(flagged) == 16


def test_few_correlations_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that copies nothing costs little more than its bounds."""
    computed = 0
    normalised = style_copy_module._Patches.normalised

    def counted(self: style_copy_module._Patches, some: Tensor) -> Tensor:
        nonlocal computed
        computed += len(some)
        return normalised(self, some)

    monkeypatch.setattr(style_copy_module._Patches, "normalised", counted)
    assert share(textured(1)) == 0
    assert computed < 10  # of 81 patches and 11,025 of the style


def test_more_pasted_is_more_flagged() -> None:
    shares = [share(pasted(side, at=(0, 0), of=(1, 1))) for side in (24, 48, 72, 96, 120)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


def test_brightness_and_contrast_do_not_hide_a_copy() -> None:
    assert share((STYLE // 2 + 60).astype(np.uint8)) > 0.95


def test_a_patch_exactly_at_the_threshold_is_textured() -> None:
    """Whatever the rounding: this deviation is 6 in each channel."""
    rng = np.random.default_rng(4)
    for _ in range(50):
        signs = np.stack([rng.permutation(np.repeat([-6, 6], 72)) for _ in range(3)], axis=1)
        small = rng.integers(6, 250, 3) + signs
        patch = np.kron(small.reshape(12, 12, 3), np.ones((2, 2, 1))).astype(np.uint8)
        _, textured = copied_patches(patch, STYLE, **SETTINGS)
        assert textured.all()


@pytest.mark.parametrize("k", [2, 3, 4, 12])
def test_no_correlation_exceeds_its_bound_by_what_the_margin_makes_up_for(k: int) -> None:
    pictures = torch.randint(0, 2, (2, 3, 24, 24), generator=torch.Generator().manual_seed(5))
    ours, others = (
        style_copy_module._Patches(picture.double() * 255, k, stride=1) for picture in pictures
    )
    every = torch.arange(ours.count)
    for theirs in (ours, others):  # of itself the bound is tight
        correlations = ours.normalised(every) @ theirs.normalised(every).T
        beyond = correlations - ours.bounds @ theirs.bounds.T
        assert float(beyond.max()) < style_copy_module.MARGIN / 10


def test_a_copy_by_a_constant_is_no_texture() -> None:
    flat = np.full_like(STYLE, 90)
    assert share(flat, flat) == 0


def test_pictures_of_different_size_can_be_compared() -> None:
    assert share(STYLE[:96, :112], STYLE) == 1
