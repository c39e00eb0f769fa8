"""Gram matrices and style losses, against the paper's formula written out in numpy."""

import numpy as np
import pytest
import torch

from evaluator.metrics.style import (
    StyleMeasure,
    gram_matrix,
    style_loss,
    style_mse,
    style_rmse,
)
from evaluator.metrics.total import TotalMeasure, total_loss

RANDOM = torch.Generator().manual_seed(1)
LAYERS = [(4, 6, 6), (8, 3, 3)]
OUTPUT = [torch.randn(shape, generator=RANDOM) for shape in LAYERS]
STYLE = [torch.randn(shape, generator=RANDOM) for shape in LAYERS]
WEIGHTS = (0.25, 0.75)


def grams(features: list[torch.Tensor]) -> list[torch.Tensor]:
    return [gram_matrix(layer) for layer in features]


def paper_loss() -> float:
    """Gatys et al., eq. 3 to 5, letter for letter."""
    total = 0.0
    for weight, output, style in zip(WEIGHTS, OUTPUT, STYLE, strict=True):
        n, m = output.shape[0], output.shape[1] * output.shape[2]
        f, s = (x.numpy().astype(np.float64).reshape(n, m) for x in (output, style))
        gram_f, gram_s = f @ f.T, s @ s.T
        total += weight * ((gram_f - gram_s) ** 2).sum() / (4 * n**2 * m**2)
    return total


def test_the_loss_is_the_paper_s() -> None:
    loss = style_loss(grams(OUTPUT), grams(STYLE), WEIGHTS)
    assert loss == pytest.approx(paper_loss(), rel=1e-12)


def test_the_mean_form_divides_gram_matrices_by_channels_and_positions() -> None:
    expected = 0.0
    for weight, output, style in zip(WEIGHTS, OUTPUT, STYLE, strict=True):
        n, m = output.shape[0], output.shape[1] * output.shape[2]
        f, s = (x.numpy().astype(np.float64).reshape(n, m) for x in (output, style))
        expected += weight * float(np.mean((f @ f.T / (n * m) - s @ s.T / (n * m)) ** 2))
    assert style_mse(grams(OUTPUT), grams(STYLE), WEIGHTS) == pytest.approx(expected, rel=1e-12)
    assert style_rmse(grams(OUTPUT), grams(STYLE), WEIGHTS) == pytest.approx(expected**0.5)


def test_the_style_itself_has_no_loss() -> None:
    assert style_loss(grams(STYLE), grams(STYLE), WEIGHTS) == 0


def test_where_things_are_does_not_matter_to_style() -> None:
    moved = [layer.flip(1).roll(1, 2) for layer in OUTPUT]
    assert style_loss(grams(moved), grams(OUTPUT), WEIGHTS) == pytest.approx(0, abs=1e-25)


def test_a_style_picture_of_another_size_can_be_compared() -> None:
    tiled = [torch.cat([layer, layer], 2) for layer in STYLE]
    assert style_loss(grams(tiled), grams(STYLE), WEIGHTS) == pytest.approx(0, abs=1e-25)


def test_gram_matrices_are_in_float64() -> None:
    assert gram_matrix(OUTPUT[0]).dtype == torch.float64


def test_a_measure_takes_its_layers_in_its_order() -> None:
    measure = StyleMeasure("style_loss", ("b", "a"), WEIGHTS)
    own, other = (dict(zip("ba", grams(x), strict=True)) for x in (OUTPUT, STYLE))
    assert measure.value(own, other) == style_loss(grams(OUTPUT), grams(STYLE), WEIGHTS)


def test_the_total_weighs_content_against_style() -> None:
    assert total_loss(3.0, 0.5, alpha=2.0, beta=100.0) == 56.0
    assert TotalMeasure(2.0, 100.0).value(3.0, 0.5) == 56.0
