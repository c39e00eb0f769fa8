"""DCGAN: where it starts, what its batch norms keep, and mixed precision."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from baselines.methods.dcgan import FROZEN, METHOD, PRESETS
from baselines.networks.generator import recoloured
from baselines.training.pictures import load_pictures
from baselines.training.settings import COMPACT_FEATURES
from tests.evaluator.tiny import tiny_dataset


def test_the_last_steps_leave_the_generator_s_batch_norms_as_they_are(tmp_path: Path) -> None:
    settings = replace(PRESETS["smoke"], steps=10)
    learnt_from = load_pictures(tiny_dataset(tmp_path / "tiny"), settings)
    torch.manual_seed(0)
    made = METHOD.network(settings, learnt_from.styles)
    task = METHOD.task(made, settings, learnt_from, torch.device("cpu"))
    norms = [part for part in made.modules() if isinstance(part, nn.BatchNorm2d)]
    assert norms

    def statistics_after(share: float) -> list[torch.Tensor]:
        task.begin(share)
        task.step(learnt_from.draw(settings.batch, settings.crop, torch.device("cpu")))
        return [norm.running_var.clone() for norm in norms if norm.running_var is not None]

    first, second = statistics_after(0.0), statistics_after(FROZEN - 0.1)
    assert all(not torch.equal(a, b) for a, b in zip(first, second, strict=True))
    weights = [p.detach().clone() for p in made.parameters()]
    third, fourth = statistics_after(FROZEN), statistics_after(1.0)
    assert all(torch.equal(a, b) for a, b in zip(second, third, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(third, fourth, strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(weights, made.parameters(), strict=True))


def test_it_starts_near_the_content_in_the_style_s_colours() -> None:
    torch.manual_seed(0)
    made = METHOD.network(PRESETS["cpu"], ()).eval()
    content, style = torch.rand(1, 3, 33, 47), torch.rand(1, 3, 40, 24)
    with torch.no_grad():
        painted = made(content, style)
    assert painted.shape == content.shape
    assert (painted - recoloured(content, style)).abs().max() < 0.1


def test_it_learns_from_the_quick_features_in_mixed_precision(tmp_path: Path) -> None:
    quick = {"first_features": COMPACT_FEATURES, "first_share": 0.5, "precision": "bfloat16"}
    settings = replace(PRESETS["smoke"], **quick)
    learnt_from = load_pictures(tiny_dataset(tmp_path / "tiny"), settings)
    made = METHOD.network(settings, learnt_from.styles)
    task = METHOD.task(made, settings, learnt_from, torch.device("cpu"))
    task.begin(0.0)
    with torch.autocast("cpu", torch.bfloat16):
        found = task.step(learnt_from.draw(settings.batch, settings.crop, torch.device("cpu")))
    assert all(torch.isfinite(value) for value in found.values())
