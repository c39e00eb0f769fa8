"""Every setting of a method has an effect, or is refused; none is quietly ignored."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from baselines.registry import TRAINED, trained
from baselines.training.pictures import load_pictures
from baselines.training.settings import Settings, chosen
from evaluator.datasets import Dataset
from evaluator.errors import ParticipantError
from tests.evaluator.tiny import tiny_dataset

OF_THE_LOOP = frozenset(
    [
        "steps",
        "batch",
        "crop",
        "load",
        "decay",
        "seed",
        "style",
        "references",
        "average",
        "precision",
        "log_every",
        "keep_every",
        "grid_every",
        "monitor_every",
    ]
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"), contents=3, styles=3)


def listening(settings: Settings, heard: set[str]) -> Settings:
    """The same settings, which note in ``heard`` what is asked of them."""
    kind = type(settings)
    names = {field.name for field in fields(settings)}

    def ask(self: Settings, name: str) -> object:
        if name in names:
            heard.add(name)
        return object.__getattribute__(self, name)

    noting = type(kind.__name__, (kind,), {"__slots__": (), "__getattribute__": ask})
    found: Settings = object.__new__(noting)
    for name in names:
        object.__setattr__(found, name, getattr(settings, name))
    return found


@pytest.mark.parametrize("name", TRAINED)
def test_a_method_uses_every_setting_that_it_takes(name: str, dataset: Dataset) -> None:
    method, heard = trained(name), set[str]()
    settings = replace(method.presets["smoke"])
    if method.of_one_style:
        settings = replace(settings, style=next(iter(dataset.style)).id)
    pictures = load_pictures(dataset, settings)
    told, device = listening(settings, heard), torch.device("cpu")
    task = method.task(method.network(told, pictures.styles), told, pictures, device)
    task.begin(0.0)
    for _ in range(3):
        task.step(pictures.draw(settings.batch, settings.crop, device))
    task.monitor(lambda count: pictures.draw(count, settings.crop, device))
    every = {field.name for field in fields(settings)}
    assert heard.isdisjoint(method.ignores)
    assert every == heard | method.ignores | OF_THE_LOOP | {"first_features"}


@pytest.mark.parametrize(
    ("name", "setting"), [("fastcut", "pool = 3"), ("cyclegan", "style_weight = 2.0")]
)
def test_a_setting_without_effect_is_refused(name: str, setting: str, tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(setting, "utf-8")
    method = trained(name)
    with pytest.raises(ParticipantError, match="has no use for"):
        chosen(method.presets, "cpu", config, ignored=method.ignores)
