"""Changed pictures: in range, of the same size, a set's in the same way, other ones each time."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from evaluator.compact import augmenting
from evaluator.compact.augmenting import augmented

SIDE = 128


@pytest.fixture
def unit() -> NDArray[np.uint8]:
    """One picture four times."""
    picture = np.random.default_rng(1).integers(0, 256, (1, SIDE, SIDE, 3), dtype=np.uint8)
    return np.repeat(picture, 4, axis=0)


def test_pictures_keep_their_size_and_range_and_depend_on_the_seed_alone(
    unit: NDArray[np.uint8],
) -> None:
    made = []
    for seed in (*range(12), 0):
        torch.manual_seed(seed)
        made.append(augmented(unit))
        assert made[-1].shape == (4, SIDE, SIDE, 3)
        assert float(made[-1].min()) >= 0
        assert float(made[-1].max()) <= 255
    assert torch.equal(made[0], made[-1])
    assert len({float(each.sum()) for each in made}) > 8


@pytest.mark.parametrize("number", [1, 2, 3, 4, 6])
def test_a_set_is_changed_in_one_way(unit: NDArray[np.uint8], number: int) -> None:
    """All changes but crops and noise, which are a place's and a pixel's own."""
    torch.manual_seed(2)
    x = torch.from_numpy(unit).permute(0, 3, 1, 2).float() / 255
    _, change = augmenting._CHANGES[number]
    found = change(x)
    assert not torch.equal(found, x)
    assert all(torch.equal(found[0], other) for other in found[1:])


def test_crops_are_of_one_scale_and_of_several_places() -> None:
    """A picture that rises evenly says where a crop was taken, and by its slope at what scale."""
    ramp = torch.linspace(0, 1, SIDE).expand(8, 3, SIDE, SIDE)
    torch.manual_seed(7)
    found = augmenting._cropped(ramp)
    slopes = found[:, 0, 0, SIDE - 20] - found[:, 0, 0, 20]
    assert float(slopes.max() - slopes.min()) < 0.02
    assert float(slopes.mean()) < 0.95 * float(ramp[0, 0, 0, SIDE - 20] - ramp[0, 0, 0, 20])
    assert len({round(float(each), 3) for each in found[:, 0, 0, 0]}) > 3
