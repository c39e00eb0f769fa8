"""``entry.toml``: any bytes at all, and tables of the right keys with the wrong values."""

from pathlib import Path

from evaluator.entry.manifest import MANIFEST, Manifest, read_manifest
from evaluator.entry.wording import has_unsafe
from tests.fuzz.drawing import Draw

_KEYS = ("name", "runtime", "model", "entry", "styles", "licence", "authors", "paper", "training")
_VALUES = (
    '"onnx"',
    '"python"',
    '"model.onnx"',
    '"stylize:load"',
    '["starry-night"]',
    '"../up.onnx"',
    "1e999",
    "nan",
    "1979-05-27T07:32:00Z",
    "{}",
    "true",
    "[[[[]]]]",
    '"\\u202e"',
    '"""\na\n"""',
    "9" * 5000,
    "[" * 300 + "]" * 300,
)


def run(data: bytes, folder: Path) -> None:
    """Read the manifest; one that is accepted is bounded, and holds nothing that steers a page."""
    draw = Draw(data)
    path = folder / MANIFEST
    path.write_bytes(draw.rest() if draw.flag() else _table(draw))
    _require_plain(read_manifest(path))


def _table(draw: Draw) -> bytes:
    lines = ['name = "case"', 'runtime = "onnx"'] if draw.flag() else []
    for _ in range(draw.whole(0, 10)):
        key = draw.text(12) if draw.whole(0, 5) == 5 else draw.pick(_KEYS)
        value = f'"{draw.text(60)}"' if draw.flag() else draw.pick(_VALUES)
        lines.append(f"{key} = {value}")
    return "\n".join(lines).encode("utf-8", errors="replace")


def _require_plain(manifest: Manifest) -> None:
    texts = (manifest.name, manifest.licence, manifest.authors, manifest.paper, manifest.code)
    if any(has_unsafe(text) for text in texts) or has_unsafe(manifest.training, allowed="\n\t"):
        raise AssertionError("a steering character came through")
    if not manifest.name or len(manifest.training) > 4000:
        raise AssertionError("a text came through that is empty or too long")
