"""Settings: presets, what a TOML file changes, and how mistakes are refused."""

import math
from pathlib import Path

import pytest
import torch

from baselines.registry import TRAINED, trained
from baselines.training.settings import PRESETS, Settings, chosen, overridden
from evaluator.errors import ParticipantError

SETTINGS = Settings(steps=1, batch=1, crop=64, load=64, width=4)


@pytest.mark.parametrize("name", TRAINED)
def test_every_method_has_the_three_presets(name: str) -> None:
    assert tuple(trained(name).presets) == PRESETS


@pytest.mark.parametrize("preset", PRESETS)
def test_the_student_has_at_most_a_million_parameters(preset: str) -> None:
    student = trained("student")
    network = student.network(student.presets[preset], ())
    assert sum(parameter.numel() for parameter in network.parameters()) <= 1_000_000


@pytest.mark.parametrize("name", [name for name in TRAINED if name not in {"adain", "wct"}])
def test_the_larger_presets_build_and_paint(name: str) -> None:
    method = trained(name)
    content, style = torch.rand(1, 3, 32, 40), torch.rand(1, 3, 36, 32)
    for preset in ("cpu", "gpu"):
        network = method.network(method.presets[preset], ("a", "b")).eval()
        with torch.no_grad():
            found = network(content) if method.tied else network(content, style)
        assert found.shape == content.shape


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text('rate = 1\nstyle_layers = ["conv1_1"]\n')
    found = chosen({"smoke": SETTINGS}, "smoke", config)
    assert (found.rate, found.style_layers, found.steps) == (1.0, ("conv1_1",), 1)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"widht": 3}, "did you mean width"),
        ({"steps": "many"}, "must be a int, such as 1"),
        ({"style_layers": "conv1_1"}, "must be a list"),
        ({"style_layers": []}, "style_layers is an empty list"),
        ({"style_layers": [1]}, "a str each"),
        ({"precision": "bf16"}, "float32, bfloat16"),
        ({"steps": 0}, "steps must be 1 or more"),
        ({"batch": 0}, "batch must be 1 or more"),
        ({"crop": 4}, "crop must be 32 or more"),
        ({"average": 2.0}, "average is a share"),
        ({"decay": -1.0}, "decay is a share"),
        ({"seed": 2**64}, "seed must be"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"rate": -1.0}, "rate must be finite and 0 or more, not -1"),
        ({"rate": math.nan}, "rate must be finite"),
        ({"style_weight": math.inf}, "style_weight must be finite"),
        ({"muon": -0.1}, "muon must be"),
        ({"keep_every": -1}, "keep_every must be 0 or more, not -1"),
    ],
)
def test_a_mistake_is_named(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ParticipantError, match=sentence):
        overridden(SETTINGS, values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("gan", {"critic_rate": -1.0}),
        ("gan", {"critic_steps": 0}),
        ("gan", {"critic_width": 0}),
        ("gan", {"watched": -4}),
        ("stylegan2", {"lazy": 0}),
        ("stylegan2", {"code": 0}),
        ("stylegan2", {"critic_steps": 0}),
        ("cyclegan", {"pool": -1}),
        ("fastcut", {"blocks": 0}),
        ("fastcut", {"places": 0}),
        ("fastcut", {"head": 0}),
        ("wct", {"levels": []}),
        ("wct", {"strength": math.nan}),
    ],
)
def test_what_a_method_could_not_learn_with_is_refused(
    name: str, values: dict[str, object]
) -> None:
    (setting,) = values
    with pytest.raises(ParticipantError, match=f"^{setting} "):
        overridden(trained(name).presets["smoke"], values)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text("steps = = 3")
    with pytest.raises(ParticipantError, match="cannot be read as TOML"):
        chosen({"smoke": SETTINGS}, "smoke", tmp_path / "my.toml")


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ParticipantError, match="choose smoke"):
        chosen({"smoke": SETTINGS}, "quick")
