"""What an import costs and whom it finds: heavy libraries stay out, ``platform`` stays Python's."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "torchvision", "onnxruntime", "scipy", "skimage", "django", "celery")
LIGHT = (
    "evaluator",
    "evaluator.errors",
    "evaluator.images",
    "evaluator.datasets",
    "evaluator.protocols",
    "evaluator.report",
    "evaluator.intervals",
    "evaluator.metrics.catalogue",
    "evaluator.evaluate",
    "evaluator.entry",
    "evaluator.sandbox.limits",
    "evaluator.sandbox.rungs",
    "evaluator.sandbox.box",
    "evaluator.report_page",
    "evaluator.cli",
)


def python(code: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_light_modules_load_no_heavy_library() -> None:
    # One process for all: each heavy library is charged to the first module that brings it.
    guilty = python(
        "import importlib, sys\n"
        "guilty, seen = {}, set()\n"
        f"for module in {LIGHT!r}:\n"
        "    importlib.import_module(module)\n"
        f"    new = [name for name in {HEAVY!r} if name in sys.modules and name not in seen]\n"
        "    seen.update(new)\n"
        "    guilty |= {module: new} if new else {}\n"
        "print(guilty)"
    )

    assert guilty == "{}"


def test_help_loads_no_heavy_library() -> None:
    loaded = python(
        "import sys\n"
        "sys.argv = ['stylearena', 'evaluate', '--help']\n"
        "from evaluator.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )

    assert loaded.splitlines()[-1] == "[]"


def test_evaluate_stays_the_function_after_its_module_is_imported() -> None:
    answer = python(
        "from evaluator.evaluate import run_pairs\n"
        "import evaluator.evaluate\n"
        "from evaluator import evaluate\n"
        "print(evaluate.__name__, callable(evaluate))"
    )

    assert answer == "evaluate True"


def test_the_platform_folder_is_no_package_of_its_own() -> None:
    assert list((ROOT / "platform").glob("*.py")) == []


@pytest.mark.parametrize("options", [(), ("-S",)], ids=["installed", "bare checkout"])
def test_platform_is_pythons_own_from_the_repository_root(options: tuple[str, ...]) -> None:
    # -S leaves site-packages out, and with it the editable install.
    found = python("import platform; print(platform.__file__, platform.system())", *options)

    assert not found.startswith(str(ROOT / "platform"))
    assert found.split()[-1] == platform.system()


def test_shards_are_read_without_torch() -> None:
    code = "import sys, evaluator.shards, evaluator.conclusion; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
