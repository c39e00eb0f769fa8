"""``stylearena fid`` on what is damaged: one sentence with a code, never a traceback."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

from evaluator.errors import ParticipantError
from evaluator.fid.pictures import find_pictures
from evaluator.frechet import Gaussian
from evaluator.statistics_file import load_statistics, save_statistics
from tests.evaluator.backbones.peers import random_state
from tests.evaluator.fid.test_command import folder, refusal, run
from tests.evaluator.nobody import as_nobody


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    return folder(tmp_path / "a", range(3)), folder(tmp_path / "b", range(5, 8))


def stem() -> torch.Tensor:
    return random_state()["Conv2d_1a_3x3.conv.weight"]


def test_weights_that_are_no_numbers_are_named_and_nothing_is_kept(
    sides: tuple[Path, Path], tmp_path: Path
) -> None:
    spoilt = random_state() | {"Conv2d_1a_3x3.conv.weight": stem() * torch.nan}
    torch.save(spoilt, tmp_path / "nan.pth")
    error = refusal(*sides, "--dims", 64, "--weights", tmp_path / "nan.pth")
    assert error.code == "fid.not_finite"
    assert "nan.pth" in str(error)
    assert not list((tmp_path / "cache").rglob("*.npz"))


def test_weights_of_other_shapes_are_refused(sides: tuple[Path, Path], tmp_path: Path) -> None:
    wide = random_state() | {"Conv2d_1a_3x3.conv.weight": torch.cat([stem(), stem()], 1)}
    torch.save(wide, tmp_path / "wide.pth")
    error = refusal(*sides, "--dims", 64, "--weights", tmp_path / "wide.pth")
    assert error.code == "weights.format"


def test_weights_that_end_too_early_say_how_far_they_reach(
    sides: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "to-6e.pth"
    torch.save({k: v for k, v in random_state().items() if not k.startswith("Mixed_7")}, path)
    assert "--dims 768 or less" in str(refusal(*sides, "--dims", 2048, "--weights", path))


def test_an_unwritable_cache_is_told_in_a_sentence(
    sides: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path / "file" / "cache"))
    torch.save(random_state(), tmp_path / "w.pth")
    done = run(*sides, "--dims", 64, "--weights", tmp_path / "w.pth")
    assert done.exit_code == 0, done.output
    (told,) = caplog.messages
    assert "cannot be written (Not a directory)" in told
    assert "STYLEARENA_CACHE_DIR" in told


def test_a_flipped_byte_in_the_weights_is_seen(sides: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "flipped.pth"
    torch.save(random_state(), path)
    whole = bytearray(path.read_bytes())
    whole[whole.index(stem().numpy().tobytes())] ^= 1
    path.write_bytes(whole)
    error = refusal(*sides, "--dims", 64, "--weights", path)
    assert error.code == "weights.format"


def code_of(path: Path) -> str:
    """Of the refusal of a file of statistics; empty if it is taken. Anything else goes through."""
    try:
        load_statistics(path)
    except ParticipantError as error:
        return error.code
    return ""


def test_damaged_statistics_are_a_sentence_wherever_the_damage_is(tmp_path: Path) -> None:
    path, random = tmp_path / "s.npz", np.random.default_rng(0)
    save_statistics(path, Gaussian.of(random.random((40, 12))))
    whole = path.read_bytes()
    codes = set()
    for place in random.integers(0, len(whole), 200).tolist():
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        codes.add(code_of(path))
    assert "statistics.unreadable" in codes
    assert codes <= {"", "statistics.unreadable", "statistics.invalid"}


def test_a_sigma_that_is_not_symmetric_is_no_covariance() -> None:
    sigma = np.cov(np.random.default_rng(1).random((4, 50)))
    Gaussian.of_statistics(np.zeros(4), sigma)
    with pytest.raises(ValueError, match="not symmetric"):
        Gaussian.of_statistics(np.zeros(4), np.tril(sigma))


def test_a_place_for_statistics_that_is_not_there_is_refused_at_once(
    sides: tuple[Path, Path], tmp_path: Path
) -> None:
    error = refusal(sides[0], "--save-stats", tmp_path / "no" / "s.npz", "--weights", "missing.pth")
    assert error.code == "statistics.unwritable"  # before the weights were looked for


def test_no_workers_is_one_thread_as_pytorch_fid_has_it(
    sides: tuple[Path, Path], tmp_path: Path
) -> None:
    torch.save(random_state(), tmp_path / "w.pth")
    done = run(*sides, "--dims", 64, "--num-workers", 0, "--weights", tmp_path / "w.pth")
    assert done.exit_code == 0, done.output


def test_a_folder_that_may_not_be_read_is_named(sides: tuple[Path, Path], tmp_path: Path) -> None:
    tmp_path.chmod(0)
    try:
        with as_nobody(), pytest.raises(ParticipantError, match="cannot be read") as caught:
            find_pictures(sides[0])
    finally:
        tmp_path.chmod(0o700)
    assert caught.value.code == "fid.unreadable"


def test_hidden_pictures_are_not_counted_among_what_was_not_taken(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", ".c.png", "._d.jpg", ".notes", "notes.txt"):
        (tmp_path / name).touch()
    found = find_pictures(tmp_path)
    assert (len(found.pictures), found.others) == (4, 1)


def test_a_listed_folder_takes_little_memory(tmp_path: Path) -> None:
    """A dataset of 50,000 pictures is usual; paths would take seven times as much as names."""
    for index in range(2000):
        (tmp_path / f"picture-{index:06}.png").touch()
    find_pictures(tmp_path)  # what is made once is made
    tracemalloc.start()
    found = find_pictures(tmp_path).pictures
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken < 110 * len(found)
    assert found[0] == tmp_path / "picture-000000.png"
    assert list(found[1998:]) == [tmp_path / f"picture-{index:06}.png" for index in (1998, 1999)]
