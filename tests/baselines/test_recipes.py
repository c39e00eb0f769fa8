"""The recipes that the page of baselines names can be used as they are."""

from pathlib import Path

import pytest

import baselines
from baselines.methods import gatys
from baselines.registry import TRAINED, trained
from baselines.training.settings import chosen
from evaluator.backbones.weights import known

FOLDER = Path(baselines.__file__).parent / "recipes"
FEATURES = FOLDER / "features.toml"
RECIPES = sorted(path for path in FOLDER.glob("*.toml") if path != FEATURES)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_fits_the_method_of_its_name(path: Path) -> None:
    made = gatys.PRESETS if path.stem == "gatys" else trained(path.stem).presets
    settings = chosen(made, "cpu", path)
    assert settings != made["cpu"]
    assert known(settings.features).name == "vgg19-caffe"


@pytest.mark.parametrize("name", TRAINED)
def test_the_recipe_of_features_alone_fits_every_method(name: str) -> None:
    assert chosen(trained(name).presets, "cpu", FEATURES).features == "vgg19-caffe"
