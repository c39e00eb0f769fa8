"""The battery: every entry under ``tests/entries`` gets the verdict that its folder is named after.

The same path as a real entry takes: unpacked, checked, run in a box, killed. Nothing may hang, no
process may be left, and what the author reads is one clear sentence.
"""

import importlib.util
import tomllib
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import psutil
import pytest

from evaluator.entry import open_entry
from evaluator.errors import ParticipantError
from evaluator.sandbox import Box, Limits, Rung
from evaluator.sandbox.rungs import best_rung
from evaluator.sandbox.verdicts import VERDICTS

ENTRIES = Path(__file__).resolve().parent.parent / "entries"
GOOD = "scored"
OURS = {"build.py", "case.toml"}
LIMITS = {
    "memory_bytes": 1 << 30,
    "processes": 48,
    "pair_seconds": 20.0,
    "start_seconds": 45.0,
    "wall_seconds": 60.0,
    "scratch_bytes": 32 << 20,
}


def settings(case: Path) -> dict[str, object]:
    path = case / "case.toml"
    return tomllib.loads(path.read_text()) if path.exists() else {}


def cases() -> list[object]:
    folders = sorted(f for f in ENTRIES.glob("*/*") if f.is_dir() and f.name != "__pycache__")
    return [
        pytest.param(
            folder,
            id=f"{folder.parent.name}-{folder.name}",
            marks=[pytest.mark.slow] if settings(folder).get("slow") else [],
        )
        for folder in folders
    ]


def needs_at_least(rung: Rung) -> None:
    """Skip the running case where entries are confined less than it takes to get its verdict."""
    order, best = list(Rung), best_rung().rung
    if order.index(best) > order.index(rung):
        pytest.skip(f"it takes the {rung} sandbox; the best on this machine is {best}")


def archive_of(case: Path, into: Path) -> Path:
    """The archive that a participant would hand in."""
    if (case / "build.py").exists():
        spec = importlib.util.spec_from_file_location("build", case / "build.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.build(into)
    path = into / "case.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for file in sorted(case.rglob("*")):
            if file.is_file() and file.name not in OURS and "__pycache__" not in file.parts:
                made.write(file, file.relative_to(case).as_posix())
    return path


def judge(archive: Path, work: Path, limits: Limits) -> list[np.ndarray]:
    """Two pairs of different pictures, style and content of different sizes."""
    entry = open_entry(archive, work / "entry")
    random = np.random.default_rng(3)
    with Box(entry, limits=limits) as box:
        outputs = []
        for _ in range(2):
            content = random.integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
            style = random.integers(0, 256, (1, 48, 80, 3), dtype=np.uint8)
            outputs.append(box.stylize(content, style).pixels)
    return outputs


@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", cases())
def test_an_entry_gets_its_verdict(case: Path, tmp_path: Path) -> None:
    asked = settings(case)
    needs_at_least(Rung(asked.get("rung", Rung.PROCESS)))
    limits = Limits(**(LIMITS | asked.get("limits", {})))
    archive = archive_of(case, tmp_path)
    if case.parent.name == GOOD:
        assert [output.shape for output in judge(archive, tmp_path, limits)] == [(1, 64, 64, 3)] * 2
    else:
        with pytest.raises(ParticipantError) as caught:
            judge(archive, tmp_path, limits)
        assert caught.value.code == case.parent.name, str(caught.value)
        assert_is_one_clear_sentence(str(caught.value), tmp_path)
        said = asked.get("says", "")
        assert any(s in str(caught.value) for s in ([said] if isinstance(said, str) else said))
    assert psutil.Process().children(recursive=True) == []
    assert not (Path("/tmp") / "escaped.txt").exists()


def assert_is_one_clear_sentence(said: str, work: Path) -> None:
    assert "\n" not in said
    assert 20 < len(said) < 500
    assert said[-1] in ".?"
    assert not any(unicodedata.category(c) in {"Cc", "Cf"} for c in said)
    assert "Traceback" not in said.partition(":")[0]
    for path in (work, Path.home(), Path.cwd()):
        assert str(path) not in said


def test_the_battery_tries_every_verdict_of_a_box() -> None:
    folders = {folder.name for folder in ENTRIES.iterdir() if folder.is_dir()}

    assert VERDICTS.keys() <= folders


def test_the_battery_is_large() -> None:
    assert sum(1 for case in ENTRIES.glob("entry.*/*") if case.is_dir()) >= 60
