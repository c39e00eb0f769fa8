"""The wheel holds every package with its data, and installs plainly."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = {
    "evaluator": ("templates", ".html", ".safetensors"),
    "platform/stylearena": ("templates", ".html", "static", ".css", ".js", ".svg", ".toml", ".md"),
}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """File names in a wheel built from a clean copy of the tracked files."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    archive = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    for name in archive.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*command, str(source)], check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def tracked(folder: str, suffixes: tuple[str, ...]) -> set[str]:
    return {
        str(path.relative_to(ROOT)).removeprefix("platform/")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in suffixes and "__pycache__" not in path.parts
    }


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["evaluator", "baselines", "platform/stylearena"])
def test_wheel_holds_every_module(folder: str, wheel_names: set[str]) -> None:
    assert tracked(folder, (".py",)) - wheel_names == set()


@pytest.mark.slow
@pytest.mark.parametrize("folder", sorted(DATA))
def test_wheel_holds_every_template_and_static_file(folder: str, wheel_names: set[str]) -> None:
    assert tracked(folder, DATA[folder]) - wheel_names == set()


@pytest.mark.slow
def test_wheel_offers_the_command_and_no_tests(wheel_names: set[str]) -> None:
    assert any(name.endswith(".dist-info/entry_points.txt") for name in wheel_names)
    assert not any(name.startswith("tests/") for name in wheel_names)
