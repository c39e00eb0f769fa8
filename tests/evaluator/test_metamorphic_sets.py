"""Set metrics on real features: worse with blur, noise and collapse, better on the way to style.

Inception to 768 dimensions on real pictures; skipped where they are not at hand.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from evaluator.backbones.inception import Inception
from evaluator.backbones.loading import LoadedState, exact_arithmetic
from evaluator.images import PicturePolicy, decode, encode_jpeg
from evaluator.metrics.density_coverage import coverage
from evaluator.metrics.fid import frechet_distance
from evaluator.metrics.kid import kid
from evaluator.metrics.precision_recall import recall

pytestmark = pytest.mark.slow

Pixels = NDArray[np.uint8]
Look = Callable[[list[Pixels]], NDArray[np.float32]]
MOST = 30


@pytest.fixture(scope="module")
def look(shared_weights: Path) -> Look:
    path = shared_weights / "inception2015_folded_to_mixed6e.pth"
    state = torch.load(path, weights_only=True, map_location="cpu")
    network = Inception(LoadedState(path.name, state, ""), dims=768, device=torch.device("cpu"))

    def rows(pictures: list[Pixels]) -> NDArray[np.float32]:
        with exact_arithmetic():
            return np.stack(
                [network.features(torch.from_numpy(x)[None])[0].numpy() for x in pictures]
            )

    return rows


def pictures(folder: Path) -> list[Pixels]:
    policy = PicturePolicy(size=256)
    return [decode(path, policy) for path in sorted(folder.glob("*.jpg"))[:MOST]]


@pytest.fixture(scope="module")
def paintings(shared_images: Path) -> list[Pixels]:
    return pictures(shared_images / "style")


@pytest.fixture(scope="module")
def photographs(shared_images: Path) -> list[Pixels]:
    return pictures(shared_images / "content")


@pytest.fixture(scope="module")
def reference(look: Look, paintings: list[Pixels]) -> NDArray[np.float32]:
    return look(paintings)


def blurred(pixels: Pixels, radius: float) -> Pixels:
    return np.array(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def noisy(pixels: Pixels, deviation: float) -> Pixels:
    noise = np.random.default_rng(0).normal(0, deviation, pixels.shape)
    return np.clip(np.round(pixels + noise), 0, 255).astype(np.uint8)


def compressed(pixels: Pixels, loss: float) -> Pixels:
    """As JPEG of quality 100 − loss."""
    return decode(encode_jpeg(pixels, quality=round(100 - loss)), PicturePolicy(size=256))


def assert_rising(found: list[float], metric: str) -> None:
    assert all(a < b for a, b in pairwise(found)), (metric, found)


@pytest.mark.parametrize(
    ("spoil", "strengths"),
    [(blurred, (0, 1, 3, 6)), (noisy, (0, 10, 30, 60)), (compressed, (0, 60, 85, 95))],
)
def test_spoilt_paintings_are_ever_farther_from_paintings(
    spoil: Callable[[Pixels, float], Pixels],
    strengths: tuple[float, ...],
    look: Look,
    paintings: list[Pixels],
    reference: NDArray[np.float32],
) -> None:
    sets = [
        reference if strength == 0 else look([spoil(picture, strength) for picture in paintings])
        for strength in strengths
    ]
    assert_rising([frechet_distance(rows, reference) for rows in sets], "fid")
    assert_rising([kid(rows, reference) for rows in sets], "kid")
    covered = [coverage(rows, reference, k=3) for rows in sets]
    assert covered == sorted(covered, reverse=True)
    assert covered[0] == 1


def test_photographs_near_paintings_on_the_way_to_them(
    look: Look,
    paintings: list[Pixels],
    photographs: list[Pixels],
    reference: NDArray[np.float32],
) -> None:
    def mixed(share: float) -> list[Pixels]:
        count = min(len(paintings), len(photographs))
        return [
            np.round((1 - share) * photographs[i] + share * paintings[i]).astype(np.uint8)
            for i in range(count)
        ]

    sets = [look(mixed(share)) for share in (1.0, 0.75, 0.5)]
    for metric in (frechet_distance, kid):
        assert_rising([metric(rows, reference) for rows in sets], metric.__name__)
    recalled = [partial(recall, k=3)(rows, reference) for rows in sets]
    assert recalled == sorted(recalled, reverse=True)


def test_one_painting_repeated_covers_next_to_nothing(reference: NDArray[np.float32]) -> None:
    """Whichever it is: each lies in the balls of some others, a few in those of many."""
    several = coverage(reference[:9], reference, k=3)
    covered = []
    for row in reference:
        collapsed = np.tile(row, (len(reference), 1))
        assert recall(collapsed, reference, k=3) <= 1 / len(reference)
        assert frechet_distance(collapsed, reference) > frechet_distance(reference[:9], reference)
        covered.append(coverage(collapsed, reference, k=3))
    assert max(covered) <= several / 2
    assert np.mean(covered) < several / 3
