"""pytorch-fid's own Inception, filled with weights that are at hand instead of downloaded."""

from collections.abc import Callable
from functools import cache
from typing import TypeVar
from unittest.mock import patch

import torch
from pytorch_fid.inception import InceptionV3, fid_inception_v3
from torch import Tensor

EPS = 1e-3
Network = TypeVar("Network", bound=torch.nn.Module)


@cache
def random_state() -> dict[str, Tensor]:
    """A state dict of the published form, all of it random, statistics of the norms included."""
    generator = torch.Generator().manual_seed(0)
    with patch.object(torch.nn.Module, "load_state_dict"):
        blank = _build(fid_inception_v3, {})
    return {name: _random(name, value, generator) for name, value in blank.state_dict().items()}


def _random(name: str, value: Tensor, generator: torch.Generator) -> Tensor:
    if not value.is_floating_point():
        return value
    noise = torch.randn(value.shape, generator=generator)
    if name.endswith("conv.weight"):
        return noise * (2 / value[0].numel()) ** 0.5
    if name.endswith(("bn.weight", "running_var")):
        return 1 + 0.2 * noise.tanh()
    return noise * 0.1


def _build(make: Callable[[], Network], state: dict[str, Tensor]) -> Network:
    """Build a network on ``state`` without initialising first what is then replaced."""
    with (
        patch("pytorch_fid.inception.load_state_dict_from_url", return_value=state),
        patch.object(torch.nn.Conv2d, "reset_parameters"),
        patch.object(torch.nn.Linear, "reset_parameters"),
    ):
        return make()


def unfolded(folded: dict[str, Tensor]) -> dict[str, Tensor]:
    """Folded weights in the published form: identity norms, but for the convolution's bias."""
    state = {}
    for name, value in folded.items():
        layer, part = name.rsplit(".", 1)
        if part == "weight":
            count = value.shape[0]
            state[f"{layer}.conv.weight"] = value
            state[f"{layer}.bn.weight"] = torch.full((count,), (1 + EPS) ** 0.5)
            state[f"{layer}.bn.running_mean"] = torch.zeros(count)
            state[f"{layer}.bn.running_var"] = torch.ones(count)
        else:
            state[f"{layer}.bn.bias"] = value
    return state


def pytorch_fid_network(state: dict[str, Tensor], *dims: int) -> InceptionV3:
    """pytorch-fid's network to the blocks of ``dims`` channels; what is not in state is random."""
    blocks = [InceptionV3.BLOCK_INDEX_BY_DIM[each] for each in dims]
    return _build(lambda: InceptionV3(blocks), random_state() | state).eval()
