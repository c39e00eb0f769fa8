"""Stored weights: in eight bits within a step of each channel's scale."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from evaluator.compact.storing import packed, unpacked


@pytest.fixture
def state() -> dict[str, Tensor]:
    torch.manual_seed(2)
    channels = torch.logspace(-2, 2, 24)
    return {
        "conv.weight": torch.randn(24, 7, 3, 3) * channels.view(-1, 1, 1, 1),
        "conv.bias": torch.randn(24),
        "head.weight": torch.randn(24, 40) * channels.view(-1, 1),
    }


def test_eight_bits_are_within_a_step_of_each_channel(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    stored = packed(state)
    assert stored["conv.weight"].dtype == stored["head.weight"].dtype == torch.int8
    save_file(stored, tmp_path / "w.safetensors")
    found = unpacked(load_file(tmp_path / "w.safetensors"))
    assert set(found) == set(state)
    for name in ("conv.weight", "head.weight"):
        steps = state[name].abs().flatten(1).amax(1) / 127
        gaps = (found[name] - state[name]).abs().flatten(1).amax(1)
        assert (gaps <= 0.6 * steps).all(), name  # the scale itself is rounded too
    assert torch.allclose(found["conv.bias"], state["conv.bias"], rtol=1e-3)


def test_weights_that_lie_channels_last_are_the_same(state: dict[str, Tensor]) -> None:
    weight = state["conv.weight"]
    last = packed({"w": weight.to(memory_format=torch.channels_last)})
    assert torch.equal(last["w"], packed({"w": weight})["w"])
    assert last["w"].is_contiguous()


def test_a_channel_of_zeros_stays_one() -> None:
    assert torch.equal(unpacked(packed({"w": torch.zeros(2, 3)}))["w"], torch.zeros(2, 3))


def test_floats_of_any_kind_are_taken_as_they_are(state: dict[str, Tensor]) -> None:
    found = unpacked({name: value.half() for name, value in state.items()})
    assert all(value.dtype == torch.float32 for value in found.values())
    assert torch.allclose(found["head.weight"], state["head.weight"], rtol=1e-3, atol=1e-6)
