"""Colour distance: known shifts, permutations, unequal sizes, and enough directions."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import rgb2lab

from evaluator.metrics.colour import colour_distance, colour_profile, directions


def picture(seed: int, height: int = 24, width: int = 20) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def distance(a: NDArray[np.uint8], b: NDArray[np.uint8], count: int = 32) -> float:
    return colour_distance(colour_profile(a, count), colour_profile(b, count))


@pytest.mark.parametrize("count", [8, 32, 100])
def test_directions_have_length_1_and_lie_evenly(count: int) -> None:
    found = directions(count)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1)
    assert found.T @ found / count == pytest.approx(np.eye(3) / 3, abs=1.5 / count)


def test_it_is_the_sliced_distance_by_its_definition() -> None:
    a, b = picture(0), picture(1)
    x, y = (rgb2lab(z).reshape(-1, 3) for z in (a, b))
    squares = [((np.sort(x @ d) - np.sort(y @ d)) ** 2).mean() for d in directions(32)]
    assert distance(a, b) == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-12)


def test_two_plain_colours_are_apart_by_their_difference_over_root_3() -> None:
    a, b = (np.full((8, 8, 3), value, np.uint8) for value in (60, 190))
    apart = np.linalg.norm(rgb2lab(a)[0, 0] - rgb2lab(b)[0, 0])
    assert distance(a, b, 500) == pytest.approx(apart / np.sqrt(3), rel=0.01)


def test_where_colours_are_plays_no_part() -> None:
    a = picture(0)
    moved = np.random.default_rng(5).permutation(a.reshape(-1, 3)).reshape(a.shape)
    assert distance(a, moved) == 0


def test_pictures_of_different_size_can_be_compared() -> None:
    a, b = picture(0), picture(1)
    assert distance(np.tile(a, (2, 3, 1)), a) == pytest.approx(0, abs=1e-12)
    assert distance(np.tile(a, (2, 3, 1)), b) == pytest.approx(distance(a, b), rel=1e-12)


def test_32_directions_are_within_a_percent_of_2000() -> None:
    a, b = picture(0), (picture(1).astype(int) * [1, 0.7, 0.4]).astype(np.uint8)
    assert distance(a, b) == pytest.approx(distance(a, b, 2000), rel=0.01)
