"""WCT's decoders learn from pictures of any size, which their encoder rounds up."""

from dataclasses import replace
from pathlib import Path

import torch

from baselines.methods.wct import METHOD, PRESETS
from baselines.training.pictures import load_pictures
from tests.evaluator.tiny import tiny_dataset


def test_a_crop_need_be_no_multiple_of_the_encoder_s_strides(tmp_path: Path) -> None:
    settings = replace(PRESETS["smoke"], crop=50, load=50)
    learnt_from = load_pictures(tiny_dataset(tmp_path / "tiny"), settings)
    made = METHOD.network(settings, learnt_from.styles)
    task = METHOD.task(made, settings, learnt_from, torch.device("cpu"))
    found = task.step(learnt_from.draw(settings.batch, settings.crop, torch.device("cpu")))
    assert all(torch.isfinite(value) for value in found.values())
