"""Minimal filtering: the plain convolution's values, as exact as its own, whatever the batch."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from evaluator.backbones.winograd import MinimalConv


def convolution(before: int, after: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(before)
    weight = torch.randn(after, before, 3, 3) * (2 / (9 * before)) ** 0.5
    return weight, torch.randn(after) / 10


def error(found: Tensor, exact: Tensor) -> float:
    return float((found - exact).norm() / exact.norm())


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 8), (33, 20), (64, 64)])
def test_values_are_those_of_the_plain_convolution(size: tuple[int, int]) -> None:
    weight, bias = convolution(8, 12)
    x = torch.randn(2, 8, *size).relu()
    exact = F.conv2d(x.double(), weight.double(), bias.double(), padding=1)
    found = MinimalConv.of(weight, bias)(x)
    assert found.shape == exact.shape
    assert found.dtype == torch.float32
    assert torch.allclose(found.double(), exact, rtol=1e-5, atol=2e-6)


def test_gradients_are_those_of_the_plain_convolution() -> None:
    weight, bias = convolution(8, 12)
    x = torch.randn(2, 8, 9, 14, requires_grad=True)
    loss = torch.randn(2, 12, 9, 14)
    (wanted,) = torch.autograd.grad((F.conv2d(x, weight, bias, padding=1) * loss).sum(), x)
    (found,) = torch.autograd.grad((MinimalConv.of(weight, bias)(x) * loss).sum(), x)
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("channels", "side"), [(256, 64), (512, 32)])
def test_it_errs_as_little_as_float32_does(channels: int, side: int) -> None:
    """The sums of 9·C rounded products in float32 themselves are off by up to 8e-7 of the norm."""
    weight, bias = convolution(channels, channels)
    x = torch.randn(1, channels, side, side).relu()
    exact = F.conv2d(x.double(), weight.double(), bias.double(), padding=1)
    assert error(MinimalConv.of(weight, bias)(x).double(), exact) < 6e-7


def test_a_result_is_the_same_bits_for_any_batch_and_number_of_threads() -> None:
    weight, bias = convolution(128, 256)
    conv = MinimalConv.of(weight, bias)
    x = torch.randn(3, 128, 50, 66).relu().to(memory_format=torch.channels_last)
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            found += [conv(x), torch.cat([conv(x[i : i + 1]) for i in range(3)])]
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(found[0], each) for each in found[1:])
    assert found[0].is_contiguous(memory_format=torch.channels_last)
