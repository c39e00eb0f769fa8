"""Ridge regression: finds what is there, chooses its penalty on what it did not see."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from evaluator.backbones.weights import PACKAGED
from evaluator.compact.fitting import fit_inception, ridge
from evaluator.compact.networks import FID_DIMS, CompactInception
from evaluator.compact.sets import SET
from evaluator.compact.training import Lesson
from evaluator.errors import ParticipantError


def test_a_linear_map_is_found_whatever_the_columns_scales() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(3, 1, (200, 12)) * 10.0 ** np.arange(-3, 9)
    weights, bias = rng.normal(size=(12, 4)) / 10.0 ** np.arange(-3, 9)[:, None], np.arange(4.0)
    found = ridge(x, x @ weights + bias, folds=np.arange(200) % 5)
    assert np.allclose(x @ found.weights + found.bias, x @ weights + bias, rtol=0.01, atol=0.01)
    assert found.explained > 0.999


def test_noise_is_not_explained_and_heavily_penalised() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(120, 60)), rng.normal(size=(120, 3))
    found = ridge(x, y, folds=np.arange(120) // 6 % 5)
    assert found.penalty >= 1
    assert found.explained == pytest.approx(0, abs=0.2)
    assert found.explained < 0.05


@pytest.fixture
def lesson(tmp_path: Path) -> Lesson:
    """Plain pictures, and rows that are their tones on the first three of Inception's channels."""
    rng = np.random.default_rng(3)
    tones = rng.integers(30, 226, (15, SET, 1, 1, 3))
    paths = [tmp_path / f"{index:02d}.npz" for index in range(len(tones))]
    for path, each in zip(paths, tones, strict=True):
        pooled = np.zeros((SET, 768), np.float32)
        pooled[:, :3] = each[:, 0, 0] / 255
        np.savez(path, pooled=pooled)
    return Lesson(np.broadcast_to(tones, (15, SET, 32, 32, 3)).astype(np.uint8), paths)


def test_a_network_gives_the_rows_that_it_was_fitted_to(lesson: Lesson, tmp_path: Path) -> None:
    shutil.copy(PACKAGED / "compact-vgg.safetensors", tmp_path)
    path = fit_inception(lesson, tmp_path, tell=lambda *_: None)
    network = CompactInception()
    network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    with torch.inference_mode():
        rows = network(torch.from_numpy(lesson.groups[0]))
    wanted = np.load(lesson.targets[0])["pooled"]
    assert rows.shape == (SET, FID_DIMS)
    ours, theirs = torch.pdist(rows), torch.pdist(torch.from_numpy(wanted))
    assert torch.allclose(ours, theirs, rtol=0.2, atol=0.05)


def test_inception_cannot_be_made_before_vgg(lesson: Lesson, tmp_path: Path) -> None:
    with pytest.raises(ParticipantError, match="train the network vgg before") as caught:
        fit_inception(lesson, tmp_path, tell=lambda *_: None)
    assert caught.value.code == "compact.missing"
