"""A grown network gives what the smaller one gave, in the channels that both have."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from evaluator.compact.growing import grow


class Trunk(nn.Module):
    """Two convolutions of a given width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList([nn.Conv2d(3, width, 3), nn.Conv2d(width, width, 3)])
        self.head = nn.Conv2d(width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.stages[1](self.stages[0](x).relu())
        return made


@pytest.fixture
def small(tmp_path: Path) -> tuple[Trunk, Path]:
    torch.manual_seed(1)
    network, path = Trunk(4), tmp_path / "small.safetensors"
    save_file(network.state_dict(), path)
    return network, path


@pytest.mark.parametrize("width", [4, 7])
def test_old_channels_are_as_before(small: tuple[Trunk, Path], width: int) -> None:
    network, path = small
    grown = Trunk(width)
    assert grow(grown, path) == 4
    x = torch.randn(2, 3, 9, 9)
    assert torch.allclose(grown(x)[:, :4], network(x), atol=1e-5)


def test_new_channels_can_learn(small: tuple[Trunk, Path]) -> None:
    grown = Trunk(7)
    grow(grown, small[1])
    assert grown(torch.randn(2, 3, 9, 9))[:, 4:].std() > 0


def test_weights_of_a_wider_network_are_left_out(small: tuple[Trunk, Path]) -> None:
    assert grow(Trunk(3), small[1]) == 0
