"""Muon's steps: alike along all axes of a matrix, larger in the stem, the same after a pause."""

import torch
from torch import Tensor, nn

from evaluator.compact.optimisers import Optimisers, muon

RATE = 1e-2


class Network(nn.Module):
    """A stem and a stage of a trunk, and a head beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.ModuleDict(
            {"stem": nn.Conv2d(3, 8, 3, padding=1), "stage": nn.Conv2d(8, 6, 1)}
        )
        self.head = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.trunk["stage"](self.trunk["stem"](x).relu()).mean((2, 3)))
        return found


def made() -> tuple[Network, Optimisers]:
    torch.manual_seed(3)
    network = Network().to(memory_format=torch.channels_last)
    return network, muon(network, rate=RATE, decay=0.0, trunk="trunk.", stem="trunk.stem.")


def learn(network: Network, optimisers: Optimisers, *, seed: int, share: float = 1.0) -> None:
    x = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    torch.autograd.backward((network(x) - 1).square().mean())
    optimisers.step(share)


def moved(before: Tensor, after: Tensor) -> Tensor:
    """The singular values of a step."""
    return torch.linalg.svdvals((after - before).flatten(1))


def test_a_matrix_moves_alike_along_all_axes_and_the_stem_by_larger_steps() -> None:
    network, optimisers = made()
    trunk = {name: conv.weight.detach().clone() for name, conv in network.trunk.items()}
    learn(network, optimisers, seed=1)
    for name, rate in (("stage", RATE), ("stem", 2e-2)):
        after = network.trunk[name].weight.detach()
        rows, columns = after.flatten(1).shape
        steps = moved(trunk[name], after) / (rate * 0.2 * max(rows, columns) ** 0.5)
        reached = steps[: min(rows, columns) - 2]  # a gradient of two outputs may lack some axes
        assert reached[0] < 1.3, name
        assert reached[1] > 0.3, name


def test_vectors_and_the_head_move_by_a_rate_of_their_own() -> None:
    network, optimisers = made()
    before = network.head.weight.detach().clone()
    learn(network, optimisers, seed=1)
    change = (network.head.weight.detach() - before).abs()
    assert torch.allclose(change, torch.full_like(change, 3e-3), rtol=0.01)  # Adam's first step


def test_no_share_of_the_rate_moves_nothing_and_gradients_are_forgotten() -> None:
    network, optimisers = made()
    before = [value.clone() for value in network.state_dict().values()]
    learn(network, optimisers, seed=1, share=0.0)
    after = network.state_dict().values()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(value.grad is None for value in network.parameters())


def test_a_pause_changes_nothing() -> None:
    whole, optimisers = made()
    for seed in range(4):
        learn(whole, optimisers, seed=seed)
    first, begun = made()
    for seed in range(2):
        learn(first, begun, seed=seed)
    second, resumed = made()
    second.load_state_dict(first.state_dict())
    resumed.resume(begun.state())
    for seed in range(2, 4):
        learn(second, resumed, seed=seed)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
