"""Seven taps by minimal filtering are the plain convolution, as exact as float32 lets them be."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from evaluator.backbones.minimal_filtering import TAPS, side_filter
from evaluator.backbones.onnx_filtering import KERNELS, SideConvolutions
from evaluator.backbones.onnx_graph import Graph, value

SIDE = 17
WITHIN = 2e-6  # of the norm: a sum in float32 errs by 2e-7 to 8e-7
RNG = np.random.default_rng(5)

Floats = NDArray[np.float32]


def weights(after: int, before: int, *kernel: int) -> tuple[Floats, Floats]:
    scale = (2 / before / TAPS) ** 0.5
    weight = RNG.standard_normal((after, before, *kernel)) * scale
    return weight.astype(np.float32), RNG.standard_normal(after).astype(np.float32)


def plain(x: Floats, *layers: tuple[Floats, Floats]) -> NDArray[np.float64]:
    """In float64, ReLU after each."""
    found = torch.from_numpy(x).double()
    for weight, bias in layers:
        padding = tuple(side // 2 for side in weight.shape[2:])
        doubles = torch.from_numpy(weight).double(), torch.from_numpy(bias).double()
        found = F.relu(F.conv2d(found, *doubles, padding=padding))
    return found.numpy()


def filtered(x: Floats, *layers: tuple[Floats, Floats], threads: int = 1) -> Floats:
    graph = Graph()
    sides = SideConvolutions(SIDE)
    name = "x"
    for weight, bias in layers:
        name = sides.convolve(graph, name, weight, bias)
    output = value(sides.maps(graph, name), np.float32, 1, len(layers[-1][1]), SIDE, SIDE)
    session = graph.session(value("x", np.float32, *x.shape), [output], threads=threads)
    found: Floats = session.run(None, {"x": x})[0]
    return found


def differ(found: Floats, expected: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("side", [1, 4, 5, 17])
def test_the_transforms_are_a_convolution_of_any_side_with_zeros_around(side: int) -> None:
    """With doubles all three are exact; the matrices are float32."""
    line = RNG.standard_normal(side)
    weight, _ = weights(1, 1, TAPS)
    made = side_filter(side)
    filters = np.repeat(made.filters(weight)[:, 0, 0], made.tiles)
    found = made.gathered @ (filters * (made.spread @ line))
    expected = np.correlate(np.pad(line, TAPS // 2), weight[0, 0], mode="valid")
    assert np.allclose(found, expected, atol=5e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_one_is_the_plain_convolution(kernel: tuple[int, int]) -> None:
    x = np.maximum(RNG.standard_normal((1, 96, SIDE, SIDE)), 0).astype(np.float32)
    layer = weights(64, 96, *kernel)
    assert differ(filtered(x, layer), plain(x, layer)) <= WITHIN


def test_several_follow_one_another_along_either_side() -> None:
    x = np.maximum(RNG.standard_normal((1, 32, SIDE, SIDE)), 0).astype(np.float32)
    one, other = KERNELS
    layers = [weights(48, 32, *one), weights(48, 48, *one), weights(64, 48, *other)]
    layers += [weights(32, 64, *other), weights(32, 32, *one)]
    assert differ(filtered(x, *layers), plain(x, *layers)) <= len(layers) * WITHIN


def test_bits_do_not_depend_on_threads() -> None:
    x = RNG.standard_normal((1, 160, SIDE, SIDE)).astype(np.float32)
    layers = [weights(160, 160, *kernel) for kernel in KERNELS]
    assert np.array_equal(filtered(x, *layers), filtered(x, *layers, threads=2))
