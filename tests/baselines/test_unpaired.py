"""What CycleGAN and FastCUT learn by: two judges, a pool of old pictures, contrasts of patches."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from baselines.methods import cyclegan, fastcut
from baselines.networks.contrast import patch_nce
from baselines.networks.generator import ResnetGenerator
from baselines.networks.pool import PicturePool
from baselines.training.pictures import Pictures
from baselines.training.task import descend
from baselines.training.unpaired import Judge


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)


def test_a_judge_of_features_sees_a_texture_that_its_pixels_mean_does_not_tell() -> None:
    """Fine and coarse boards of the same grey, told apart after a few steps; no weights move that
    somebody else has learnt.
    """
    fine, coarse = (torch.kron(torch.eye(2), torch.ones(side, side)) for side in (1, 8))
    works, others = (
        fine.repeat(32, 32).expand(1, 3, -1, -1),
        coarse.repeat(4, 4).expand(1, 3, -1, -1),
    )
    settings = replace(cyclegan.PRESETS["smoke"], features="compact-vgg", feature_weight=1.0)
    judge = Judge(settings, list(works), torch.device("cpu"))
    frozen = {key: value.clone() for key, value in judge.state_dict().items() if "scale" in key}
    learning = {"judge": torch.optim.Adam(judge.parameters(), 1e-2)}
    for _ in range(30):
        descend(learning, judge(works, 1) + judge(others, 0))
    assert judge.features is not None
    with torch.no_grad():
        told = [torch.stack([x.mean() for x in judge.features(p)]).mean() for p in (works, others)]
    assert float(told[0] - told[1]) > 0.5
    assert frozen
    assert all(torch.equal(judge.state_dict()[key], value) for key, value in frozen.items())
    assert all(
        key.startswith(("patches.", "features.heads.", "features.scales."))
        for key in judge.state_dict()
    )


def test_a_judge_without_weight_for_features_is_the_papers() -> None:
    judge = Judge(replace(cyclegan.PRESETS["smoke"], feature_weight=0.0), [], torch.device("cpu"))
    picture = torch.rand(1, 3, 64, 64)
    expected = (judge.patches(picture) - 1).square().mean()
    assert torch.equal(judge(picture, 1), expected)
    assert all(key.startswith("patches.") for key in judge.state_dict())


def test_the_contrast_is_least_where_each_patch_finds_its_own() -> None:
    keys = F.normalize(torch.randn(2, 16, 8), dim=2)
    assert float(patch_nce(keys, keys)) < float(patch_nce(keys.roll(1, dims=1), keys))


def test_a_full_pool_gives_back_old_pictures_and_keeps_new_ones() -> None:
    pool = PicturePool(2, 4)
    first = torch.stack([torch.full((3, 4, 4), value) for value in (0.1, 0.2)])
    assert torch.equal(pool(first), first)
    shown = torch.cat([pool(torch.full((1, 3, 4, 4), 0.3 + 0.01 * i)) for i in range(20)])
    old = {round(float(picture[0, 0, 0]), 2) for picture in shown}
    assert {0.1, 0.2} <= old
    assert float(pool.pictures.min()) > 0.25


def test_the_taps_are_pixels_both_halvings_and_two_blocks() -> None:
    network, picture = ResnetGenerator(4, 4), torch.rand(1, 3, 32, 32)
    taps = network.taps(picture)
    assert [tuple(x.shape[1:]) for x in taps] == [
        (3, 32, 32),
        (8, 16, 16),
        (16, 8, 8),
        (16, 8, 8),
        (16, 8, 8),
    ]
    assert torch.equal(taps[0], 2 * picture - 1)
    assert torch.equal(taps[3], network.blocks[0](taps[2]))
    assert torch.equal(taps[4], network.blocks[1](taps[3]))


def test_the_features_of_a_mirrored_picture_are_mirrored_back() -> None:
    torch.manual_seed(2)
    settings = fastcut.PRESETS["smoke"]
    network = ResnetGenerator(settings.width, settings.blocks, kernel=7)
    square = np.full((64, 64, 3), 128, np.uint8)
    pictures = Pictures("grey", [square], [square], ("grey",), "0" * 64)
    learner = fastcut.FastCUT(network, settings, pictures, torch.device("cpu"))
    content = torch.rand(1, 3, 64, 64)
    same = learner.contrast(content, content.flip(3), mirrored=True)
    other = learner.contrast(content, content.flip(3), mirrored=False)
    assert float(same.detach()) < float(other.detach()) - 0.5


def test_a_pool_of_none_gives_the_pictures_as_they_are() -> None:
    painted = torch.rand(2, 3, 4, 4)
    assert torch.equal(PicturePool(0, 4)(painted), painted)
