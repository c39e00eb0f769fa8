"""The mean/std style loss: eq. 13 in plain numpy, and what it does not see."""

import numpy as np
import pytest
import torch

from evaluator.metrics.mean_std import MeanStdMeasure, channel_moments, mean_std_loss


def features(seed: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).gamma(1.0, 3.0, shape).astype(np.float32))


def test_it_is_the_equation_in_float64() -> None:
    outputs, styles = ([features(seed + i, 4 * (i + 1), 7, 5) for i in range(3)] for seed in (0, 9))
    expected = 0.0
    for a, b in zip(outputs, styles, strict=True):
        x, y = (z.double().numpy().reshape(len(z), -1) for z in (a, b))
        expected += np.sqrt(((x.mean(1) - y.mean(1)) ** 2).sum())
        deviations = (np.sqrt(z.var(axis=1) + 1e-5) for z in (x, y))
        expected += np.sqrt(np.square(np.subtract(*deviations)).sum())
    found = mean_std_loss(*([channel_moments(z) for z in group] for group in (outputs, styles)))
    assert found == pytest.approx(expected, rel=1e-12)


def test_where_things_are_plays_no_part() -> None:
    x = features(0, 8, 6, 6)
    shuffled = x.flatten(1)[:, torch.randperm(36)].reshape(x.shape)
    assert mean_std_loss([channel_moments(shuffled)], [channel_moments(x)]) < 1e-12


def test_pictures_of_different_size_can_be_compared() -> None:
    x = features(0, 8, 6, 6)
    larger = x.repeat(1, 2, 3)
    assert mean_std_loss([channel_moments(larger)], [channel_moments(x)]) < 1e-12


def test_layers_add_up() -> None:
    outputs, styles = (
        {f"l{i}": channel_moments(features(seed + i, 4, 5, 5)) for i in range(2)} for seed in (0, 5)
    )
    each = [MeanStdMeasure((f"l{i}",)).value(outputs, styles) for i in range(2)]
    assert MeanStdMeasure(("l0", "l1")).value(outputs, styles) == pytest.approx(sum(each))
