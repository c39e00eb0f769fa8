"""Ridge regression: finds what is there, chooses its penalty on what it did not see."""

import numpy as np
import pytest

from evaluator.compact.fitting import ridge


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
