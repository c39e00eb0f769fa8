"""CFSD: the formula in plain numpy, the reference's own use of kl_div, and its extremes."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from evaluator.metrics import cfsd as module
from evaluator.metrics.cfsd import CfsdMeasure, cfsd


def features(seed: int, *shape: int) -> torch.Tensor:
    drawn = np.random.default_rng(seed).gamma(1.0, 3.0, shape)
    return torch.from_numpy(drawn.astype(np.float32))


def plain(output: torch.Tensor, content: torch.Tensor) -> float:
    """Σ_i Σ_j p_ij log(p_ij / q_ij), every number of it."""

    def similarity(x: torch.Tensor) -> np.ndarray:
        places = x.double().numpy().reshape(len(x), -1).T / len(x)
        exponent = np.exp(places @ places.T)
        return exponent / exponent.sum(axis=1, keepdims=True)

    p, q = similarity(content), similarity(output)
    return float((p * np.log(p / q)).sum())


def reference(output: torch.Tensor, content: torch.Tensor) -> float:
    """As the authors' evaluation has it: kl_div of flattened maps, features transposed."""

    def rows(x: torch.Tensor) -> torch.Tensor:
        places = x.double()[None].transpose(1, 3).reshape(1, -1, len(x)) / len(x)
        return torch.bmm(places, places.transpose(1, 2))

    log_q = torch.log_softmax(rows(output), dim=-1).reshape(1, -1)
    p = torch.softmax(rows(content), dim=-1).reshape(1, -1)
    return float(F.kl_div(log_q, p, reduction="batchmean"))


@pytest.mark.parametrize("shape", [(8, 9, 11), (32, 20, 20), (3, 1, 7)])
def test_it_is_the_formula_in_float64(shape: tuple[int, int, int]) -> None:
    output, content = features(0, *shape), features(1, *shape)
    assert cfsd(output, content) == pytest.approx(plain(output, content), rel=1e-9)
    assert cfsd(output, content) == pytest.approx(reference(output, content), rel=1e-9)


def test_the_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    output, content = features(0, 8, 12, 12), features(1, 8, 12, 12)
    whole = cfsd(output, content)
    monkeypatch.setattr(module, "ROWS", 7)
    assert cfsd(output, content) == pytest.approx(whole, rel=1e-12)


def test_the_divergence_is_that_of_the_content_from_the_output() -> None:
    output, content = features(0, 8, 6, 6), features(1, 8, 6, 6)
    assert cfsd(output, content) != pytest.approx(cfsd(content, output), rel=1e-3)


def test_the_content_itself_has_none_and_all_else_more() -> None:
    content = features(1, 8, 6, 6)
    assert cfsd(content, content) == 0
    assert cfsd(content + 0.1 * features(2, 8, 6, 6), content) > 0


def test_moving_all_places_alike_changes_nothing() -> None:
    output, content = features(0, 8, 6, 6), features(1, 8, 6, 6)
    moved = cfsd(output.flip(2), content.flip(2))
    assert moved == pytest.approx(cfsd(output, content), rel=1e-12)


def test_scale_makes_up_for_the_range_of_the_network() -> None:
    output, content = features(0, 8, 6, 6), features(1, 8, 6, 6)
    scaled = CfsdMeasure("x", scale=1 / 4).value({"x": 4 * output}, {"x": 4 * content})
    assert scaled == pytest.approx(cfsd(output, content), rel=1e-12)


def test_activations_of_hundreds_stay_finite() -> None:
    output, content = 300 * features(0, 8, 6, 6), 300 * features(1, 8, 6, 6)
    assert np.isfinite(cfsd(output, content))
