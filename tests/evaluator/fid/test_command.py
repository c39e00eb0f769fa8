"""``stylearena fid``: pytorch-fid's number, its statistics files, and sentences for what fails."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from cleanfid.resize import build_resizer
from numpy.typing import NDArray
from PIL import Image
from pytorch_fid.fid_score import calculate_fid_given_paths, get_activations
from typer.testing import CliRunner, Result

from evaluator.cli import app
from evaluator.errors import StyleArenaError
from evaluator.fid.network import is_fid_s_own
from evaluator.frechet import frechet_distance
from tests.conftest import Agree
from tests.evaluator.backbones.peers import pytorch_fid_network, random_state, unfolded
from tests.evaluator.tiny import waves

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pytorch-fid's loader

REAL = "inception2015_folded_to_mixed6e.pth"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "fid"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of the published form."""
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(random_state(), path)
    return path


def folder(path: Path, seeds: range, suffix: str = "png") -> Path:
    path.mkdir()
    for seed in seeds:
        Image.fromarray(waves(seed, fastest=40.0)).save(path / f"{seed:03}.{suffix}")
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["fid", *map(str, arguments)], catch_exceptions=True)


def refusal(*arguments: object) -> StyleArenaError:
    """What ``main`` turns into a sentence and exit code 2."""
    error = run(*arguments).exception
    assert isinstance(error, StyleArenaError), error
    return error


def value(*arguments: object) -> float:
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    return float(done.stdout.split()[-1])


def activations(network: torch.nn.Module, dims: int, folder: Path) -> NDArray[np.float64]:
    files = sorted(folder.iterdir())
    found: NDArray[np.float64] = get_activations(files, network, len(files), dims, "cpu", 0)
    return found


def of_pytorch_fid(state: dict[str, torch.Tensor], dims: int, *folders: Path) -> float:
    """From pytorch-fid's features; not by its matrix root, which errs on sets as small as these."""
    network = pytorch_fid_network(state, dims)
    return frechet_distance(*(activations(network, dims, each) for each in folders))


def test_2048_dimensions_agree_with_pytorch_fid(
    tmp_path: Path, weights: Path, agree: Agree
) -> None:
    a, b = folder(tmp_path / "a", range(5)), folder(tmp_path / "b", range(50, 55), "jpg")
    ours, expected = value(a, b, "--weights", weights), of_pytorch_fid({}, 2048, a, b)
    agree("fid.pytorch-fid.2048-features", abs(ours / expected - 1))


def test_768_dimensions_agree_with_pytorch_fid_on_real_weights(
    tmp_path: Path, shared_weights: Path, agree: Agree
) -> None:
    a, b = folder(tmp_path / "a", range(5)), folder(tmp_path / "b", range(50, 55), "jpg")
    state = unfolded(torch.load(shared_weights / REAL, weights_only=True))
    expected = of_pytorch_fid(state, 768, a, b)
    ours = value(a, b, "--dims", 768, "--weights", shared_weights / REAL)
    agree("fid.pytorch-fid.768-features", abs(ours / expected - 1))


def by_pytorch_fid(dims: int, *folders: Path) -> float:
    """pytorch-fid from the folders to the number, its matrix root included."""
    with patch("pytorch_fid.inception.load_state_dict_from_url", return_value=random_state()):
        return float(calculate_fid_given_paths([*map(str, folders)], 8, "cpu", dims, 0))


@pytest.mark.slow
def test_more_pictures_than_dimensions_give_pytorch_fid_s_own_number(
    tmp_path: Path, weights: Path, agree: Agree
) -> None:
    a, b = folder(tmp_path / "a", range(70)), folder(tmp_path / "b", range(100, 170))
    ours, peer = value(a, b, "--dims", 64, "--weights", weights), by_pytorch_fid(64, a, b)
    agree("fid.pytorch-fid.64", abs(ours / peer - 1))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore:Matrix is singular")  # pytorch-fid's root of one
def test_fewer_pictures_than_dimensions_give_pytorch_fid_s_number_but_for_its_error(
    tmp_path: Path, weights: Path, agree: Agree
) -> None:
    a, b = folder(tmp_path / "a", range(12)), folder(tmp_path / "b", range(100, 112), "jpg")
    ours, peer = value(a, b, "--weights", weights), by_pytorch_fid(2048, a, b)
    agree("fid.pytorch-fid.2048", abs(ours / peer - 1))


def test_the_number_does_not_depend_on_threads_batches_or_names(
    tmp_path: Path, weights: Path
) -> None:
    a, b = folder(tmp_path / "a", range(5)), folder(tmp_path / "b", range(50, 55))
    options = ["--dims", 192, "--weights", weights, "--no-cache"]
    first = value(a, b, *options, "--num-workers", 1)
    for index, path in enumerate(sorted(a.iterdir(), reverse=True)):
        path.rename(a / f"renamed-{index}.png")
    for size in (1, 3, 50):
        again = value(a, b, *options, "--num-workers", 3, "--batch-size", size)
        assert again == pytest.approx(first, rel=1e-9)


def test_statistics_are_pytorch_fid_s(tmp_path: Path, weights: Path) -> None:
    a, out = folder(tmp_path / "a", range(5)), tmp_path / "a.npz"
    assert run(a, "--save-stats", out, "--dims", 64, "--weights", weights).exit_code == 0
    theirs = activations(pytorch_fid_network({}, 64), 64, a)
    mu, sigma = theirs.mean(0), np.cov(theirs, rowvar=False)
    with np.load(out) as arrays:
        assert sorted(arrays.files) == ["mu", "sigma"]
        assert np.allclose(arrays["mu"], mu, rtol=1e-4)
        assert np.abs(arrays["sigma"] - sigma).max() <= 1e-4 * np.abs(sigma).max()


@pytest.mark.parametrize(
    "form",
    [
        ("--save-stats", "a", "out.npz"),
        ("a", "--save-stats", "out.npz"),
        ("a", "out.npz", "--save-stats"),
        ("a", "out", "--save-stats"),  # np.savez adds the ending
    ],
)
def test_statistics_are_saved_by_every_form_of_pytorch_fid_s_call(
    form: tuple[str, ...], tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path / "a", range(3))
    monkeypatch.chdir(tmp_path)
    done = run(*form, "--dims", 64, "--weights", weights)
    assert done.exit_code == 0, done.output
    assert "statistics of 3 pictures in out.npz" in done.stderr
    with np.load("out.npz") as arrays:
        assert arrays["mu"].shape == (64,)


def test_saving_statistics_blames_what_is_wrong_and_replaces_nothing(tmp_path: Path) -> None:
    a, there = folder(tmp_path / "a", range(2)), tmp_path / "there.npz"
    there.write_bytes(b"mine")
    assert "is a folder" in str(refusal("--save-stats", there, a))
    assert "needs a file to write" in str(refusal("--save-stats", a))
    missing = refusal("--save-stats", tmp_path / "nowhere", tmp_path / "out.npz")
    assert missing.code == "fid.missing"
    assert "nowhere" in str(missing)
    assert refusal(a, "--save-stats", there.with_suffix("")).code == "fid.exists"
    assert there.read_bytes() == b"mine"


def test_statistics_and_folders_mix(tmp_path: Path, weights: Path) -> None:
    a, b = folder(tmp_path / "a", range(5)), folder(tmp_path / "b", range(50, 55))
    options = ["--dims", 64, "--weights", weights]
    assert run(b, "--save-stats", tmp_path / "b.npz", *options).exit_code == 0
    direct = value(a, b, *options)
    assert value(a, tmp_path / "b.npz", *options) == pytest.approx(direct, rel=1e-8)


def test_the_reference_is_kept_until_a_picture_changes(
    tmp_path: Path, cache: Path, weights: Path
) -> None:
    a, b = folder(tmp_path / "a", range(4)), folder(tmp_path / "b", range(50, 54))

    def again() -> tuple[float, bool]:
        done = json.loads(run(a, b, "--dims", 64, "--weights", weights, "--json").stdout)
        return done["fid"], done["b"]["cached"]

    first, second = again(), again()
    assert (first[1], second[1]) == (False, True)
    assert second[0] == first[0]
    shutil.copy(a / "000.png", b / "050.png")
    changed = again()
    assert not changed[1]
    assert changed[0] < first[0]
    for kept in cache.iterdir():
        kept.write_bytes(b"damaged")
    assert again()[0] == changed[0]


@pytest.mark.parametrize(
    ("what", "other"), [("decoder_version", lambda: "another"), ("ENGINES", "another")]
)
def test_a_reference_made_by_another_version_is_made_anew(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, what: str, other: object
) -> None:
    a, b = folder(tmp_path / "a", range(2)), folder(tmp_path / "b", range(50, 52))

    def is_cached() -> bool:
        done = run(a, b, "--dims", 64, "--weights", weights, "--json")
        return bool(json.loads(done.stdout)["b"]["cached"])

    assert [is_cached(), is_cached()] == [False, True]
    monkeypatch.setattr(f"evaluator.fid.distance.{what}", other)
    assert not is_cached()


def test_pictures_of_any_size_and_mode_are_taken(tmp_path: Path, weights: Path) -> None:
    a = folder(tmp_path / "a", range(3))
    whole = Image.fromarray(waves(7, side=150))
    whole.convert("L").crop((0, 0, 80, 120)).save(a / "grey.png")
    whole.convert("RGBA").save(a / "alpha.png")
    whole.convert("P").save(a / "palette.png")
    (a / "notes.txt").write_text("no picture")
    done = json.loads(run(a, a, "--dims", 64, "--weights", weights, "--json").stdout)
    assert done["a"]["pictures"] == 6
    assert done["fid"] == pytest.approx(0, abs=1e-9)
    assert done["approximate"] is False


def test_the_number_of_pictures_is_told_and_what_was_not_taken(
    tmp_path: Path, weights: Path
) -> None:
    a, b = folder(tmp_path / "a", range(3)), folder(tmp_path / "b", range(3, 5), "JPG")
    (a / "notes.txt").write_text("no picture")
    (a / ".hidden").write_text("no picture")
    (a / "d.png").mkdir()
    options = ["--dims", 64, "--weights", weights]
    done = run(a, b, *options)
    assert "N = 3 and 2 pictures\n" in done.stderr
    assert done.stderr.count("not taken") == 1
    assert "webp: 1\n" in done.stderr
    record = json.loads(run(a, b, *options, "--json").stdout)
    assert (record["a"]["not_taken"], record["b"]["not_taken"]) == (1, 0)
    again = [run(a, a, *options) for _ in range(2)]  # the second time B's features are kept
    assert [done.stderr.count("not taken") for done in again] == [1, 1]
    saved = run(a, tmp_path / "a.npz", "--save-stats", *options)
    assert "not taken" in saved.stderr
    mixed = run(tmp_path / "a.npz", b, *options)
    assert "N = that of the statistics and 2 pictures\n" in mixed.stderr
    assert "N =" not in run(tmp_path / "a.npz", tmp_path / "a.npz", *options).stderr


def test_an_unreadable_picture_is_named(tmp_path: Path, weights: Path) -> None:
    a = folder(tmp_path / "a", range(3))
    (a / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    error = refusal(a, a, "--dims", 64, "--weights", weights)
    assert error.code == "fid.unreadable"
    assert "broken.png" in str(error)


def test_folders_that_hold_too_little_are_refused(tmp_path: Path, weights: Path) -> None:
    good, empty = folder(tmp_path / "good", range(2)), tmp_path / "empty"
    empty.mkdir()
    one = folder(tmp_path / "one", range(1))
    cases = {empty: "fid.empty", one: "fid.too_few", tmp_path / "nowhere": "fid.missing"}
    for path, code in cases.items():
        assert refusal(good, path, "--weights", weights).code == code
    assert refusal(good, "--weights", weights).code == "fid.one_side"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("content", "code"),
    [("missing", "statistics.missing"), ("damaged", "statistics.unreadable"), ("8", "fid.dims")],
)
def test_wrong_statistics_are_refused_before_a_picture_is_decoded(
    content: str, code: str, *, first: bool, tmp_path: Path
) -> None:
    good, statistics = folder(tmp_path / "good", range(2)), tmp_path / "s.npz"
    if content == "damaged":
        statistics.write_bytes(b"PK\x03\x04")
    elif content == "8":
        np.savez(statistics, mu=np.zeros(8), sigma=np.eye(8))
    sides = (statistics, good) if first else (good, statistics)
    # Weights are asked for at the first picture: these would be blamed.
    error = refusal(*sides, "--weights", tmp_path / "none.pth")
    assert error.code == code
    assert "--dims 8" in str(error) or content != "8"


def test_missing_weights_without_a_network_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = folder(tmp_path / "good", range(2))
    monkeypatch.setenv("STYLEARENA_WEIGHTS_DIR", str(tmp_path / "none"))
    monkeypatch.setattr("evaluator.backbones.download.ATTEMPTS", 1)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    error = refusal(good, good)
    assert error.code == "weights.offline"
    assert "--weights FILE" in str(error)
    assert refusal(good, good, "--weights", tmp_path / "no.pth").code == "weights.unreadable"


def test_a_gpu_that_is_not_there_is_refused(tmp_path: Path, weights: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    good = folder(tmp_path / "good", range(2))
    error = refusal(good, good, "--dims", 64, "--device", "cuda", "--weights", weights)
    assert error.code == "device.unavailable"


def test_devices_are_named_as_pytorch_fid_names_them(tmp_path: Path, weights: Path) -> None:
    good = folder(tmp_path / "good", range(2))
    options = ["--dims", 64, "--weights", weights, "--json"]
    used = json.loads(run(good, good, *options).stdout)["device"]
    assert used == ("cuda" if torch.cuda.is_available() else "cpu")
    assert refusal(good, good, *options, "--device", "cuda:17").code == "device.unavailable"
    assert refusal(good, good, *options, "--device", "gpu").code == "device.unknown"


def test_the_clean_resizing_gives_clean_fid_s_number(tmp_path: Path, weights: Path) -> None:
    a, b = folder(tmp_path / "a", range(4)), folder(tmp_path / "b", range(50, 54))
    peer = pytorch_fid_network({}, 192)
    resize = build_resizer("clean")

    def features(path: Path) -> NDArray[np.float64]:
        pixels = np.stack([resize(np.asarray(Image.open(file))) for file in sorted(path.iterdir())])
        x = torch.from_numpy(((pixels - 128) / 128).transpose(0, 3, 1, 2))
        peer.normalize_input = False
        with torch.inference_mode():
            found: NDArray[np.float64] = peer(x)[0].mean(dim=(2, 3)).double().numpy()
        return found

    expected = frechet_distance(features(a), features(b))
    options = ["--dims", 192, "--weights", weights, "--resize"]
    assert value(a, b, *options, "clean") == pytest.approx(expected, rel=1e-4)
    assert value(a, b, *options, "pytorch") != pytest.approx(expected, rel=1e-4)


def test_weights_that_are_not_fid_s_own_are_pointed_out(tmp_path: Path, weights: Path) -> None:
    good = folder(tmp_path / "good", range(2))
    done = run(good, good, "--dims", 64, "--weights", weights)
    assert "are not FID's own" in done.stderr
    assert is_fid_s_own("6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2")


def test_exact_fid_on_a_cpu_never_loads_torch(tmp_path: Path, weights: Path) -> None:
    good = folder(tmp_path / "good", range(2))
    arguments = ["fid", *map(str, (good, good, "--dims", 64, "--weights", weights))]
    code = (
        f"import sys; sys.argv = ['stylearena', *{arguments!r}]\n"
        "from evaluator.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print([name for name in ('torch', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
