"""Changed weights: methods unlike one another, each the same for its seed and for all pictures."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.compact.stylisers import entry_styliser
from evaluator.compact.varied import varied
from evaluator.errors import ParticipantError
from tests.evaluator.compact.networks import network_entry
from tests.evaluator.tiny import identity

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("entries")
    found = [network_entry(folder / f"{seed}.zip", seed) for seed in (1, 2)]
    return [*found, _without_network(folder / "identity.zip")]


@pytest.fixture(scope="module")
def pictures() -> tuple[Pixels, Pixels]:
    rng = np.random.default_rng(4)
    blocks = np.kron(rng.integers(0, 256, (2, 16, 16, 3)), np.ones((1, 16, 16, 1)))
    return blocks[0].astype(np.uint8), blocks[1].astype(np.uint8)


def _without_network(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.write(identity(path.with_suffix(".onnx")), "model.onnx")
    return path


def made(entries: list[Path], pictures: tuple[Pixels, Pixels], seed: int) -> Pixels:
    return varied(entries, np.random.default_rng(seed))(*pictures)


def test_every_seed_is_a_method_of_its_own(
    entries: list[Path], pictures: tuple[Pixels, Pixels]
) -> None:
    outputs = [made(entries, pictures, seed) for seed in range(6)]
    assert all(output.shape == (256, 256, 3) for output in outputs)
    assert all(output.dtype == np.uint8 for output in outputs)
    assert len({output.tobytes() for output in outputs}) == 6
    assert np.array_equal(outputs[0], made(entries, pictures, 0))


def test_no_method_is_an_entry_s_own(entries: list[Path], pictures: tuple[Pixels, Pixels]) -> None:
    own = [entry_styliser(path)(*pictures) for path in entries[:2]]
    for seed in range(6):
        output = made(entries, pictures, seed)
        assert not any(np.array_equal(output, each) for each in own)


def test_a_method_does_not_change_from_picture_to_picture(
    entries: list[Path], pictures: tuple[Pixels, Pixels]
) -> None:
    method = varied(entries, np.random.default_rng(3))
    first = method(*pictures)
    method(pictures[1], pictures[0])
    assert np.array_equal(first, method(*pictures))


def test_entries_without_a_network_are_not_enough(entries: list[Path]) -> None:
    with pytest.raises(ParticipantError, match="None of the entries holds a trained network"):
        varied(entries[2:], np.random.default_rng(0))
