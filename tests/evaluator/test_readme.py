"""The Python in README.md runs as it stands there."""

import re
from pathlib import Path

import pytest

from tests.evaluator.tiny import identity, tiny_dataset

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_readme_s_python_evaluates_an_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path / "cache"))
    identity(Path("my-model.onnx"))
    tiny_dataset(Path("my-dataset"))
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    exec(code, {})
    assert "4 pairs of tiny 1, protocol compact-1" in capsys.readouterr().out
