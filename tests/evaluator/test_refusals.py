"""The whole list of bad input: through ``main``, one sentence and exit code 2 for each."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image

from evaluator import cli
from evaluator.images import encode_png
from tests.evaluator.backbones.peers import random_state
from tests.evaluator.tiny import python_entry, small_protocol, tiny_dataset, waves

NAN_MODEL = """
import torch
def load(device):
    return lambda content, style: content * float("nan")
"""
CRASHING_MODEL = """
def load(device):
    raise RuntimeError("no")
"""


class Scene(NamedTuple):
    """A dataset of 2 × 2 pairs at ``data``, an output for each at ``outputs``, sets for fid."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def outputs(self) -> Path:
        return self.home / "outputs"

    @property
    def good(self) -> Path:
        return self.home / "good"

    @property
    def weights(self) -> Path:
        return self.home / "inception.pth"

    def score(self, *options: str) -> list[str]:
        place = ["--dataset", str(self.data), "--protocol", "small"]
        return ["score", str(self.outputs), *place, *options]

    def evaluate(self, entry: Path, *options: str) -> list[str]:
        place = ["--dataset", str(self.data), "--protocol", "small"]
        return ["evaluate", str(entry), *place, *options]

    def fid(self, other: Path, *options: str) -> list[str]:
        files = [str(self.good), str(other), "--dims", "64", "--weights", str(self.weights)]
        return ["fid", *files, *options]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    scene = Scene(tmp_path_factory.mktemp("refusals"))
    dataset = tiny_dataset(scene.data)
    scene.outputs.mkdir()
    for pair in dataset.pairs:
        (scene.outputs / f"{pair.id}.png").write_bytes(encode_png(waves(3, side=64)))
    scene.good.mkdir()
    for index in range(2):
        Image.fromarray(waves(index)).save(scene.good / f"{index}.png")
    torch.save(random_state(), scene.weights)
    return scene


@pytest.fixture
def scene(made: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A copy that may be spoilt, from whose folder the command is given."""
    small_protocol()
    home = Path(shutil.copytree(made.home, tmp_path / "scene"))
    monkeypatch.chdir(home)
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path / "cache"))
    return Scene(home)


def _unreadable_style(scene: Scene) -> list[str]:
    next(scene.data.glob("style/*/s0.png")).write_bytes(b"no picture")
    return scene.score()


def _empty_output(scene: Scene) -> list[str]:
    (scene.outputs / "c0__s0.png").write_bytes(b"")
    return scene.score()


def _output_cut_short(scene: Scene) -> list[str]:
    path = scene.outputs / "c0__s0.png"
    path.write_bytes(path.read_bytes()[:-400])
    return scene.score()


def _output_of_another_size(scene: Scene) -> list[str]:
    (scene.outputs / "c1__s1.png").write_bytes(encode_png(np.zeros((64, 80, 3), np.uint8)))
    return scene.score()


def _output_missing(scene: Scene) -> list[str]:
    (scene.outputs / "c1__s1.png").unlink()
    return scene.score()


def _dataset_without_pictures(scene: Scene) -> list[str]:
    shutil.rmtree(scene.data / "content")
    (scene.data / "content").mkdir()
    return scene.score()


def _unknown_device(scene: Scene) -> list[str]:
    return scene.score("--device", "tpu")


def _absent_device(scene: Scene) -> list[str]:
    return scene.score("--device", "cuda:63")


def _nan_from_a_model(scene: Scene) -> list[str]:
    return scene.evaluate(python_entry(scene.home / "nan.zip", NAN_MODEL))


def _model_that_does_not_load(scene: Scene) -> list[str]:
    return scene.evaluate(python_entry(scene.home / "crash.zip", CRASHING_MODEL))


def _fid_of_an_unreadable_picture(scene: Scene) -> list[str]:
    (scene.good / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    return scene.fid(scene.good)


def _fid_of_an_empty_folder(scene: Scene) -> list[str]:
    (scene.home / "empty").mkdir()
    return scene.fid(scene.home / "empty")


def _fid_of_one_picture(scene: Scene) -> list[str]:
    (scene.home / "one").mkdir()
    shutil.copy(scene.good / "0.png", scene.home / "one")
    return scene.fid(scene.home / "one")


def _fid_of_damaged_statistics(scene: Scene) -> list[str]:
    (scene.home / "s.npz").write_bytes(b"PK\x03\x04")
    return scene.fid(scene.home / "s.npz")


def _fid_by_weights_of_another_network(scene: Scene) -> list[str]:
    torch.save({"weight": torch.zeros(3)}, scene.weights)
    return scene.fid(scene.good)


def _weights_of_another_digest(scene: Scene) -> list[str]:
    return ["weights", "add", "inception-2015-12-05", str(scene.weights)]


CASES: dict[Callable[[Scene], list[str]], str] = {
    _unreadable_style: "s0.png",
    _empty_output: "c0__s0.png",
    _output_cut_short: "cut short",
    _output_of_another_size: "80×64",
    _output_missing: "lacks 1 of the 4",
    _dataset_without_pictures: "content",
    _unknown_device: "no device 'tpu'",
    _absent_device: "use cpu instead",
    _nan_from_a_model: "c0__s0: The entry's output holds NaN",
    _model_that_does_not_load: "could not be loaded: RuntimeError: no (tiny_method.py, line 3).",
    _fid_of_an_unreadable_picture: "2.png",
    _fid_of_an_empty_folder: "no picture",
    _fid_of_one_picture: "at least 2",
    _fid_of_damaged_statistics: "s.npz",
    _fid_by_weights_of_another_network: "inception.pth",
    _weights_of_another_digest: "sha256",
}


@pytest.mark.parametrize(
    ("spoil", "words"), CASES.items(), ids=lambda x: getattr(x, "__name__", "")
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    spoil: Callable[[Scene], list[str]],
    words: str,
    scene: Scene,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["stylearena", *spoil(scene)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    printed = capsys.readouterr()
    assert caught.value.code == 2
    assert printed.out == ""
    assert "Traceback" not in printed.err
    sentence = printed.err.rstrip().splitlines()[-1]
    assert sentence.startswith("error: ")
    assert words in sentence
