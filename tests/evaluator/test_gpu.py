"""On a GPU: the processor's numbers, whatever TF32 would have made of them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from evaluator.backbones.loading import exact_arithmetic
from evaluator.fid.choice import Choice
from evaluator.fid.torch_network import TorchInception
from evaluator.scoring import Scorer
from tests.conftest import RecordFigure
from tests.evaluator.backbones.peers import random_state
from tests.evaluator.test_scoring import QUICK, score
from tests.evaluator.tiny import tiny_dataset, waves

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU here")


def test_exact_arithmetic_takes_tf32_from_matrix_products_and_gives_it_back() -> None:
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        with exact_arithmetic():
            assert not torch.backends.cuda.matmul.allow_tf32
            assert not torch.backends.cudnn.allow_tf32
        assert torch.backends.cuda.matmul.allow_tf32
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


@needs_gpu
def test_a_pair_s_values_are_the_processor_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_figure: RecordFigure
) -> None:
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path / "cache"))
    dataset = tiny_dataset(tmp_path / "tiny")
    here, there = (
        score(Scorer(QUICK, device=device), dataset, dataset.pairs[0], 0.3)
        for device in ("cpu", "cuda")
    )
    gaps = [abs(there.values[name] / value - 1) for name, value in here.values.items()]
    record_figure("agreement.gpu.values", max(gaps), "relative")
    assert there.values == pytest.approx(here.values, rel=1e-4)
    assert there.features["inception"] == pytest.approx(here.features["inception"], rel=1e-4)


@needs_gpu
def test_inception_s_rows_are_the_processor_s(record_figure: RecordFigure) -> None:
    arrays = {name: tensor.numpy() for name, tensor in random_state().items()}
    pixels = np.stack([waves(seed) for seed in range(4)])
    here, there = (
        TorchInception(Choice(device=device), arrays, source="test").rows(pixels)
        for device in ("cpu", "cuda")
    )
    gap = float(np.abs(there - here).max() / np.abs(here).max())
    record_figure("agreement.gpu.inception", gap, "of the largest")
    assert gap < 1e-4
