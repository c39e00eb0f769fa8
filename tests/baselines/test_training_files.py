"""The files of a training: damaged, cut off or somebody else's, each is refused in a sentence."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from baselines.registry import trained
from baselines.training.loop import train
from baselines.training.weights import load_weights
from evaluator.datasets import Dataset
from evaluator.errors import ParticipantError, StyleArenaError
from tests.evaluator.nobody import as_nobody
from tests.evaluator.tiny import tiny_dataset

METHOD = trained("student")
SETTINGS = replace(METHOD.presets["smoke"], steps=2, log_every=1, grid_every=1)
LONGER = replace(SETTINGS, steps=3)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"), contents=2, styles=2)


@pytest.fixture(scope="module")
def finished(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(METHOD, dataset, tmp_path_factory.mktemp("run"), settings=SETTINGS).parent


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """The folder of a training that may be spoilt."""
    return shutil.copytree(finished, tmp_path / "run")


def cut(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])


@pytest.mark.parametrize("share", [0.0, 0.001, 0.9])
def test_a_checkpoint_that_was_cut_off_is_refused(
    share: float, dataset: Dataset, run: Path
) -> None:
    cut(run / "checkpoint.safetensors", share)
    with pytest.raises(ParticipantError, match="is damaged or cut off; remove that folder"):
        train(METHOD, dataset, run, settings=LONGER)


def test_weights_in_the_place_of_a_checkpoint_are_refused(dataset: Dataset, run: Path) -> None:
    shutil.copy(run / "weights.safetensors", run / "checkpoint.safetensors")
    with pytest.raises(ParticipantError, match="is no checkpoint of a training"):
        train(METHOD, dataset, run, settings=LONGER)


@pytest.mark.parametrize("name", ["checkpoint", "weights"])
def test_a_file_of_another_method_is_told_by_its_name(
    name: str, dataset: Dataset, run: Path
) -> None:
    other = trained("johnson-all")
    (run / f"{name}.safetensors").replace(run / "checkpoint.safetensors")
    with pytest.raises(ParticipantError, match="is of the method student, not of johnson-all"):
        train(other, dataset, run, settings=other.presets["smoke"])


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "log.jsonl"])
def test_a_file_that_cannot_be_read_is_not_called_damaged(
    name: str, dataset: Dataset, run: Path
) -> None:
    (run / name).unlink()
    (run / name).symlink_to("/proc/self/mem")  # a file whose bytes are not given out
    with pytest.raises(ParticipantError, match=rf"{name} cannot be read: ") as refusal:
        train(METHOD, dataset, run, settings=LONGER)
    assert refusal.value.code == "baseline.unreadable"
    assert "remove" not in str(refusal.value)


def test_weights_that_may_not_be_read_are_not_called_damaged(run: Path) -> None:
    weights = run / "weights.safetensors"
    weights.chmod(0)
    with as_nobody(), pytest.raises(ParticipantError, match="Permission denied") as refusal:
        load_weights(weights)
    assert refusal.value.code == "baseline.unreadable"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.9])
def test_weights_that_were_cut_off_are_refused(share: float, run: Path) -> None:
    cut(run / "weights.safetensors", share)
    with pytest.raises(ParticipantError, match="holds no weights of a baseline"):
        load_weights(run / "weights.safetensors")


def test_a_checkpoint_in_the_place_of_weights_is_refused(run: Path) -> None:
    with pytest.raises(ParticipantError, match="holds no weights of a baseline"):
        load_weights(run / "checkpoint.safetensors")


@pytest.mark.parametrize("rest", [b'{"step": 2, "lo', b"\xff\x00", b"2\n"])
def test_a_log_that_was_cut_off_does_not_end_a_training(
    rest: bytes, dataset: Dataset, run: Path
) -> None:
    log = run / "log.jsonl"
    first = log.read_bytes().splitlines(keepends=True)[0]
    log.write_bytes(first + rest)
    train(METHOD, dataset, run, settings=LONGER)
    assert [line[:10] for line in log.read_text().splitlines()] == ['{"step": 1', '{"step": 3']


@pytest.mark.parametrize("mistake", [{"style": "misspelt"}, {"features": "vgg-none"}])
def test_what_is_refused_leaves_no_folder(
    mistake: dict[str, str], dataset: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(StyleArenaError):
        train(METHOD, dataset, tmp_path / "run", settings=replace(SETTINGS, **mistake))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["log.jsonl", "samples", "checkpoint.part", "weights.part"])
def test_a_place_that_cannot_be_written_is_told_in_a_sentence(
    name: str, dataset: Dataset, tmp_path: Path
) -> None:
    if name == "samples":
        (tmp_path / name).touch()  # where a folder should be
    else:
        (tmp_path / name).mkdir()
    with pytest.raises(ParticipantError, match=rf"cannot be written: .*{name}"):
        train(METHOD, dataset, tmp_path, settings=SETTINGS)


def test_a_full_disk_is_told_in_a_sentence(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.part").symlink_to("/dev/full")
    with pytest.raises(ParticipantError, match="No space left on device"):
        train(METHOD, dataset, tmp_path, settings=SETTINGS)
