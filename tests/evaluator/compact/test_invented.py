"""Invented methods: outputs of the right kind, seeded, and unlike the content and one another."""

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.compact.invented import INVENTED, Invented, invented

ONCE = list(dict.fromkeys(INVENTED))


@pytest.fixture(scope="module")
def pictures() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture with shapes and one of other colours, both with some texture."""
    rng = np.random.default_rng(3)
    shapes = np.kron(rng.integers(40, 216, (4, 4, 3)), np.ones((64, 64, 1)))
    grain = rng.normal(0, 12, (2, 256, 256, 3))
    style = np.array([200, 120, 40]) + 3 * grain[1]
    return tuple(np.clip(x, 0, 255).astype(np.uint8) for x in (shapes + grain[0], style))


@pytest.mark.parametrize("method", [*ONCE, invented])
@pytest.mark.parametrize("seed", range(3))
def test_an_output_is_a_picture_of_the_content_s_size_and_follows_its_seed(
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]], method: Invented, seed: int
) -> None:
    one, same = (method(*pictures, np.random.default_rng(seed)) for _ in range(2))
    assert one.shape == (256, 256, 3)
    assert one.dtype == np.uint8
    assert np.array_equal(one, same)
    assert one.std() > 1


def test_methods_differ(pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    made = [method(*pictures, np.random.default_rng(5)).astype(float) for method in ONCE]
    made.append(pictures[0].astype(float))
    gaps = [np.abs(a - b).mean() for i, a in enumerate(made) for b in made[:i]]
    assert min(gaps) > 1
