"""Muon sees a network's weights as matrices that share their memory; Adam has the rest."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.optim import Adam, Muon

from baselines.methods.johnson_all import PRESETS
from baselines.training.optimisers import optimisers
from baselines.training.task import descend
from evaluator.datasets import Dataset
from tests.baselines.training import smoke
from tests.evaluator.tiny import tiny_dataset

SETTINGS = replace(PRESETS["smoke"], rate=1e-3, muon=1e-2)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"), contents=2, styles=2)


def network() -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 36, 4))


def test_without_a_rate_for_muon_adam_has_everything() -> None:
    found = optimisers("net", network().parameters(), replace(SETTINGS, muon=0.0))
    assert [(name, type(each)) for name, each in found.items()] == [("net", Adam)]


def test_vectors_are_adams_and_matrices_muons() -> None:
    found = optimisers("net", network().parameters(), SETTINGS)
    shapes = {
        name: [tuple(p.shape) for p in each.param_groups[0]["params"]]
        for name, each in found.items()
    }
    assert isinstance(found["net-matrices"], Muon)
    assert shapes == {"net-matrices": [(8, 27), (4, 288)], "net": [(8,), (4,)]}


def test_a_step_moves_the_weights_by_muons_rate_whatever_the_gradients_scale() -> None:
    """By an orthogonal matrix times the rate times 0.2 √27, the longer side being 27."""
    for factor in (1e-3, 1e3):
        net = network()
        conv = net[0]
        assert isinstance(conv, nn.Conv2d)
        before = conv.weight.detach().clone()
        out = net(torch.linspace(0, 1, 3 * 64).reshape(1, 3, 8, 8) ** 2)
        descend(optimisers("net", net.parameters(), SETTINGS), factor * out.square().sum())
        moved = torch.linalg.matrix_norm((conv.weight - before).detach().flatten(1), 2)
        assert float(moved) == pytest.approx(1e-2 * 0.2 * 27**0.5, rel=0.3)


def test_a_gradient_of_another_loss_is_forgotten() -> None:
    """As the generator's loss leaves gradients in a critic, which then learns from its own."""
    ends = []
    for astray in (False, True):
        net = network()
        learners = optimisers("net", net.parameters(), SETTINGS)
        picture = torch.linspace(0, 1, 3 * 64).reshape(1, 3, 8, 8)
        if astray:
            torch.autograd.backward(net(picture.flip(2)).sum())
        descend(learners, net(picture).square().sum())
        ends.append(torch.cat([p.detach().flatten() for p in net.parameters()]))
    assert torch.equal(ends[0], ends[1])


def test_weights_that_do_not_lie_row_by_row_are_refused() -> None:
    net = network().to(memory_format=torch.channels_last)
    with pytest.raises(ValueError, match="row by row"):
        optimisers("net", net.parameters(), SETTINGS)


@pytest.mark.parametrize("name", ["dcgan", "cyclegan"])
def test_a_training_by_muon_goes_on_as_if_unbroken(
    name: str, dataset: Dataset, tmp_path: Path
) -> None:
    changes = {"muon": 1e-2, "keep_every": 2, "decay": 0.0}
    whole = smoke(name, dataset, tmp_path / "whole", steps=4, **changes)
    smoke(name, dataset, tmp_path / "broken", steps=2, **changes)
    broken = smoke(name, dataset, tmp_path / "broken", steps=4, **changes)
    one, other = load_file(whole), load_file(broken)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)
