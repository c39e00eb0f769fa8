"""``python -m baselines``: what it prints, what it writes and how it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from baselines.__main__ import app
from baselines.archive import onnx_entry
from baselines.graph import build
from baselines.registry import METHODS, NAMES
from baselines.training.weights import load_weights
from baselines.workflow import require_settings
from evaluator.errors import ParticipantError
from tests.evaluator.tiny import tiny_dataset

RUNNER = CliRunner()


def test_list_names_every_method() -> None:
    lines = RUNNER.invoke(app, ["list"]).output.splitlines()
    assert [line.split()[0] for line in lines] == list(NAMES)


def test_export_prints_the_paths_it_wrote(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["export", "all", "--out", str(tmp_path)])
    assert result.exit_code == 0
    assert sorted(result.stdout.split()) == sorted(str(path) for path in tmp_path.iterdir())


def test_all_takes_the_chosen_features_and_says_what_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLEARENA_WEIGHTS_DIR", str(tmp_path / "weights"))
    options = ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    for command in ("export", "check"):
        done = RUNNER.invoke(app, [command, "all", "--preset", "smoke", *options])
        assert f"{tmp_path}/out/gatys.zip" in done.stdout or "gatys: leaves" in done.stdout
        assert "dcgan is left out: dcgan has no weights in" in done.stderr
    said = RUNNER.invoke(app, ["export", "all", *options]).stderr
    assert "gatys is left out: The weights vgg19-torchvision are not in" in said
    assert "compact" not in said  # an entry cannot hold it
    left_out = [line.split()[0] for line in said.splitlines()]
    assert sorted([*left_out, "johnson-all", "student", *METHODS]) == sorted(NAMES)


def test_check_opens_what_export_wrote(tmp_path: Path) -> None:
    RUNNER.invoke(app, ["export", "reinhard", "--out", str(tmp_path)])
    result = RUNNER.invoke(app, ["check", "reinhard", "--out", str(tmp_path)])
    assert result.exit_code == 0
    assert result.output.startswith("reinhard: largest difference")


def test_an_unknown_method_ends_with_one_sentence_and_code_two(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "baselines", "export", "gatis", "--out", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("error: There is no baseline 'gatis'")
    assert len(result.stderr.splitlines()) == 1


def test_train_takes_a_preset_a_file_and_a_style_and_prints_the_weights(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "tiny")
    (tmp_path / "my.toml").write_text("steps = 1\ngrid_every = 0\n")
    options = ["--preset", "smoke", "--dataset", str(dataset.root), "--style", "s1"]
    options += ["--config", str(tmp_path / "my.toml"), "--runs", str(tmp_path / "runs")]
    result = RUNNER.invoke(app, ["train", "johnson", *options])
    assert result.exit_code == 0, result.output
    path = tmp_path / "runs" / "johnson.s1" / "weights.safetensors"
    assert str(path) in result.stdout.replace("\n", "")
    assert load_weights(path)[1].steps == 1


def refusal(*command: str) -> str:
    result = RUNNER.invoke(app, list(command))
    assert isinstance(result.exception, ParticipantError)
    return str(result.exception)


def test_a_closed_form_method_has_nothing_to_learn() -> None:
    assert "identity has nothing to learn" in refusal("train", "identity")


def test_a_method_of_one_style_has_to_be_told_which(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "tiny")
    options = [
        "--preset",
        "smoke",
        "--dataset",
        str(dataset.root),
        "--runs",
        str(tmp_path / "runs"),
    ]
    said = refusal("train", "johnson", *options)
    assert "name it by --style" in said
    assert "s0, s1" in said


@pytest.mark.slow
def test_all_trains_exports_and_checks_all_with_a_style_of_its_own_choice(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "tiny")
    options = ["--preset", "smoke", "--dataset", str(dataset.root), "--runs", str(tmp_path / "r")]
    trained = RUNNER.invoke(app, ["train", "all", *options])
    assert trained.exit_code == 0, trained.output
    assert (tmp_path / "r" / "johnson.s0" / "weights.safetensors").is_file()
    options += ["--style", "s1", "--out", str(tmp_path / "out"), "--minutes", "0.001"]
    done = RUNNER.invoke(app, ["all", *options])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "johnson.s1.zip").is_file()
    assert "gatys: leaves" in done.stdout


def test_settings_that_one_of_all_does_not_have_are_refused_first(tmp_path: Path) -> None:
    config, runs = tmp_path / "my.toml", tmp_path / "runs"
    options = ["--preset", "smoke", "--config", str(config), "--runs", str(runs)]
    config.write_text("steps = 1\nstyle_weight = 2.0\n")
    assert "wct: This method has no use for style_weight" in refusal("train", "all", *options)
    assert "gatys: There is no setting 'steps'" in refusal("all", *options)
    assert not runs.exists()


def test_features_are_a_setting_of_all(tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text('features = "compact-vgg"\n')
    require_settings(NAMES, "smoke", config)


@pytest.mark.parametrize("minutes", ["nan", "-1", "0"])
def test_a_budget_that_is_none_is_refused(tmp_path: Path, minutes: str) -> None:
    options = ["--preset", "smoke", "--runs", str(tmp_path), "--minutes", minutes]
    assert "--minutes must be more than 0" in refusal("train", "gan", *options)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written" in refusal("export", "identity", "--out", str(tmp_path / "file"))
    dataset = tiny_dataset(tmp_path / "tiny")
    options = ["--preset", "smoke", "--dataset", str(dataset.root)]
    said = refusal("train", "gan", *options, "--runs", str(tmp_path / "file"))
    assert "cannot be written" in said


def test_shipping_knows_its_names(tmp_path: Path) -> None:
    assert "There is no baseline 'gatis'" in refusal("ship", "gatis", "--runs", str(tmp_path))
    done = RUNNER.invoke(app, ["ship", "all", "--runs", str(tmp_path)])
    assert (done.exit_code, done.stdout) == (0, "")


def test_what_holds_no_weights_is_not_wrapped(tmp_path: Path) -> None:
    (tmp_path / "candy.pth").write_bytes(b"not weights")
    options = ["--weights", str(tmp_path / "candy.pth"), "--out", str(tmp_path)]
    assert "it is no file of weights" in refusal("wrap", "fast-neural-style", *options)


def test_exporting_what_was_not_trained_says_how_to_train_it(tmp_path: Path) -> None:
    said = refusal("export", "dcgan", "--runs", str(tmp_path), "--out", str(tmp_path))
    assert "run `python -m baselines train dcgan` first" in said


def test_checking_what_was_not_exported_says_how_to_export_it(tmp_path: Path) -> None:
    options = ["--preset", "smoke", "--runs", str(tmp_path), "--out", str(tmp_path)]
    for name in ("reinhard", "student", "gatys", "gan"):
        said = refusal("check", name, *options)
        assert f"There is no {name}.zip in {tmp_path}" in said
        assert f"run `python -m baselines export {name} --out {tmp_path}` first" in said


def test_the_command_that_exports_can_be_copied_whatever_the_folder_is_called(
    tmp_path: Path,
) -> None:
    said = refusal("check", "reinhard", "--out", str(tmp_path / "my entries"))
    assert f"export reinhard --out '{tmp_path}/my entries'`" in said


def exported(name: str, folder: Path) -> Path:
    options = ["--preset", "smoke", "--out", str(folder)]
    assert RUNNER.invoke(app, ["export", name, *options]).exit_code == 0
    return folder / f"{name}.zip"


@pytest.mark.parametrize(
    ("given", "named"),
    [("gatys", "reinhard"), ("gatys", "student"), ("reinhard", "gatys")],
)
def test_an_archive_of_another_kind_is_told_from_what_was_exported(
    tmp_path: Path, given: str, named: str
) -> None:
    exported(given, tmp_path / "given").rename(tmp_path / f"{named}.zip")
    said = refusal("check", named, "--preset", "smoke", "--out", str(tmp_path))
    assert f"{named}.zip is not what export writes under that name" in said


def test_a_network_without_a_style_input_is_told_from_a_method_with_one(tmp_path: Path) -> None:
    model = build("plain", "stylized = Identity(content)")
    del model.graph.input[1]
    onnx_entry(model, METHODS["reinhard"].card, tmp_path / "reinhard.zip")
    said = refusal("check", "reinhard", "--out", str(tmp_path))
    assert "reinhard.zip is not what export writes under that name" in said
