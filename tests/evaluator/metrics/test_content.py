"""Content loss and its mean forms, against the formula written out in numpy."""

import numpy as np
import pytest
import torch

from evaluator.metrics.content import ContentMeasure, content_loss, content_mse, content_rmse

F, P = torch.randn(2, 5, 7, 3, generator=torch.Generator().manual_seed(0))


def test_the_loss_is_half_the_sum_of_squares() -> None:
    expected = sum((float(f) - float(p)) ** 2 for f, p in zip(F.ravel(), P.ravel(), strict=True))
    assert content_loss(F, P) == pytest.approx(expected / 2, rel=1e-12)


def test_the_mean_forms_do_not_grow_with_the_picture() -> None:
    double_f, double_p = torch.cat([F, F], 1), torch.cat([P, P], 1)
    assert content_mse(double_f, double_p) == pytest.approx(content_mse(F, P), rel=1e-12)
    assert content_rmse(F, P) == pytest.approx(float(np.sqrt(np.mean((F - P).numpy() ** 2))), 1e-6)


def test_the_picture_itself_has_no_loss() -> None:
    assert content_loss(F, F) == content_mse(F, F) == content_rmse(F, F) == 0


def test_small_differences_of_large_features_are_not_lost() -> None:
    large = torch.full((1000,), 1e4)
    assert content_loss(large + 0.0078125, large) == pytest.approx(500 * 0.0078125**2, rel=1e-9)


def test_a_measure_looks_at_its_own_layer() -> None:
    measure = ContentMeasure("content_mse", "conv4_2")
    assert measure.value({"conv4_2": F, "x": P}, {"conv4_2": P}) == content_mse(F, P)
