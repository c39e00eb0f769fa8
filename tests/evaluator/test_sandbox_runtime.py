"""The runtime of entries as a folder of its own: whole, linked, readable by all, and used."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from evaluator.errors import PlatformFault
from evaluator.sandbox import runtime
from evaluator.sandbox.runtime_build import Pins, build, current_folder, read_pins

PINS = Pins("3.11.0", {"numpy": "2.4.6"})


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, object]:
    """A small interpreter, library and package of the right shape."""
    installed = tmp_path / "installed"
    for name in ("bin/python3.11", "lib/python3.11/os.py", "lib/python3.11/site-packages/judge.py",
                 "lib/libpython3.11.so", "packages/numpy/core.py"):  # fmt: skip
        path = installed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        path.chmod(0o644)
    return {
        "interpreter": installed / "bin/python3.11",
        "standard_library": [installed / "lib/python3.11"],
        "libraries": [installed / "lib/libpython3.11.so"],
        "packages": {"onnx": [installed / "packages/numpy"]},
    }


def test_files_are_links_so_that_nothing_is_there_twice(
    tmp_path: Path, parts: dict[str, object]
) -> None:
    build(tmp_path / "runtime", PINS, **parts)

    made = tmp_path / "runtime/packages/onnx/numpy/core.py"
    assert made.samefile(tmp_path / "installed/packages/numpy/core.py")


def test_nothing_of_the_judge_is_in_it(tmp_path: Path, parts: dict[str, object]) -> None:
    build(tmp_path / "runtime", PINS, **parts)

    assert not list((tmp_path / "runtime").rglob("judge.py"))
    assert (tmp_path / "runtime/python/lib/python3.11/os.py").is_file()


def test_everybody_may_read_it_whatever_the_umask(tmp_path: Path, parts: dict[str, object]) -> None:
    (tmp_path / "installed/packages/numpy/core.py").chmod(0o600)
    before = os.umask(0o077)
    try:
        build(tmp_path / "runtime", PINS, **parts)
    finally:
        os.umask(before)

    for path in [tmp_path / "runtime", *(tmp_path / "runtime").rglob("*")]:
        needed = 0o555 if path.is_dir() else 0o444
        assert stat.S_IMODE(path.stat().st_mode) & needed == needed, path


def test_it_is_built_anew_over_the_old_one(tmp_path: Path, parts: dict[str, object]) -> None:
    build(tmp_path / "runtime", PINS, **parts)
    build(tmp_path / "runtime", Pins("3.11.1", {}), **parts)

    assert read_pins(tmp_path / "runtime") == Pins("3.11.1", {})
    assert {path.name for path in tmp_path.iterdir()} == {"installed", "runtime"}


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, parts: dict[str, object]) -> None:
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime/thesis.tex").touch()

    with pytest.raises(PlatformFault, match="something else"):
        build(tmp_path / "runtime", PINS, **parts)
    assert (tmp_path / "runtime/thesis.tex").exists()


def test_a_runtime_of_other_versions_is_not_used(
    tmp_path: Path, parts: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLEARENA_RUNTIME_DIR", str(tmp_path / "runtime"))
    assert current_folder(PINS) is None
    build(tmp_path / "runtime", PINS, **parts)

    assert current_folder(PINS) == tmp_path / "runtime"
    assert current_folder(Pins("3.11.0", {"numpy": "9"})) is None


@pytest.mark.slow
def test_the_real_runtime_runs_on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from tempfile import TemporaryDirectory

    # On the disk of the packages, as links need.
    with TemporaryDirectory(dir=Path(runtime.__file__).parents[2], prefix=".runtime-") as name:
        folder = Path(name) / "runtime"
        monkeypatch.setenv("STYLEARENA_RUNTIME_DIR", str(folder))
        made = runtime.build_runtime(folder)
        used = runtime.runtime_for("onnx")
        command = [
            used.interpreter,
            "-S",
            "-s",
            "-P",
            "-c",
            "import numpy; print(numpy.__version__)",
        ]
        said = subprocess.run(
            command, env={"PYTHONPATH": str(used.packages_folder)}, capture_output=True, text=True
        )
    runtime.runtime_for.cache_clear()

    assert used.interpreter.is_relative_to(folder)
    assert said.stdout.strip() == made.packages["numpy"], said.stderr
