"""``python -m baselines``: what it prints, what it writes and how it refuses."""

import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from baselines.__main__ import app
from baselines.registry import NAMES

RUNNER = CliRunner()


def test_list_names_every_method() -> None:
    lines = RUNNER.invoke(app, ["list"]).output.splitlines()
    assert [line.split()[0] for line in lines] == list(NAMES)


def test_export_prints_the_paths_it_wrote(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["export", "all", "--out", str(tmp_path)])
    assert result.exit_code == 0
    assert sorted(result.output.split()) == sorted(str(path) for path in tmp_path.iterdir())


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
