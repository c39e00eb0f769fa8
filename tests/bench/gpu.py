"""Inception on a GPU: pictures a second, their share of the measured ceiling, and CPU's numbers.

The ceiling is the same GPU's matrix product of float32 without TF32, which exact features obey.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tests.bench.figures import Figure, Unmeasured
from tests.bench.pairing import timed

if TYPE_CHECKING:
    from evaluator.fid.torch_network import TorchInception

__all__ = ["measure"]

NAMES = ("gpu.inception", "gpu.inception.of-ceiling", "gpu.difference-from-cpu")
OPERATIONS = 11.4e9  # of FID's Inception, for one picture of 299²: 5.7 billion multiply-adds
SIDE, MATRIX = 256, 8192


def measure(*, quick: bool) -> Iterator[Figure | Unmeasured]:
    import torch

    if not torch.cuda.is_available():
        for name in NAMES:
            yield Unmeasured(name, "PyTorch sees no GPU")
        return
    from evaluator.fid.choice import Choice
    from evaluator.fid.torch_network import TorchInception
    from tests.evaluator.backbones.peers import random_state

    arrays = {name: tensor.numpy() for name, tensor in random_state().items()}
    network = TorchInception(Choice(device="cuda"), arrays, source="bench")
    batch = _best_batch(network)
    rates = [_rate(network, batch) for _ in range(3 if quick else 5)]
    ceiling = max(_ceiling() for _ in range(3))
    yield Figure.of(f"gpu.inception.batch{batch}", "pictures/s", rates)
    shares = (rate * OPERATIONS / ceiling for rate in rates)
    yield Figure.of("gpu.inception.of-ceiling", "of-its-matrix-product", shares)
    pixels = _pictures(8)
    here = TorchInception(Choice(device="cpu"), arrays, source="bench").rows(pixels)
    gap = float(np.abs(network.rows(pixels) - here).max() / np.abs(here).max())
    yield Figure.of("gpu.difference-from-cpu", "of-the-largest", [gap])


def _pictures(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)


def _best_batch(network: "TorchInception") -> int:
    """The size that ``fid`` itself settles on."""
    from evaluator.fid.batches import BatchSize

    size = BatchSize()
    network.rows(_pictures(size.count))
    for _ in range(12):
        pixels = _pictures(size.count)
        size.took(len(pixels), timed(lambda pixels=pixels: network.rows(pixels)).seconds)
    return size.count


def _rate(network: "TorchInception", batch: int) -> float:
    pixels = _pictures(batch)
    return 4 * batch / timed(lambda: [network.rows(pixels) for _ in range(4)]).seconds


def _ceiling() -> float:
    """Operations a second of a product of two large float32 matrices."""
    import torch

    from evaluator.backbones.loading import exact_arithmetic

    with exact_arithmetic():
        matrix = torch.rand(MATRIX, MATRIX, device="cuda")
        _ = matrix @ matrix
        torch.cuda.synchronize()

        def product() -> None:
            _ = matrix @ matrix
            torch.cuda.synchronize()

        return 2 * MATRIX**3 / timed(product).seconds
