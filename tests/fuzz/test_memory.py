"""What the checks let through costs less than 512 MiB: the largest of each, in a fresh process."""

import subprocess
import sys
from pathlib import Path

import pytest
from onnx import TensorProto, helper
from PIL import Image

from tests.entries.making import model
from tests.fuzz.targets import MAX_GROWTH

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
_LARGEST = (7071, 7071)  # the policy's 50 million pixels
_LARGEST_WEBP = (5000, 5000)
_TURNED = Image.Exif()
_TURNED[0x0112] = 6
_OPTIONS = {
    "PNG": {"exif": _TURNED},
    "JPEG": {"exif": _TURNED, "progressive": True, "subsampling": 0},
    "WEBP": {"exif": _TURNED},
    "TIFF": {"compression": "tiff_lzw"},
    "GIF": {},
}
_MEASURE = """
import sys
from pathlib import Path
from tests.fuzz.targets import peak_bytes, resident_bytes
{prepare}
path = Path(sys.argv[1])
before = resident_bytes(reset=True)
{work}
print(peak_bytes() - before)
"""


def growth(path: Path, *, prepare: str, work: str) -> int:
    """Bytes that ``work`` on ``path`` needed at its peak."""
    code = _MEASURE.format(prepare=prepare, work=work)
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.parametrize("kind", sorted(_OPTIONS))
def test_the_largest_picture_is_decoded_within_bounds(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"large.{kind.lower()}"
    size = _LARGEST_WEBP if kind == "WEBP" else _LARGEST
    Image.new("RGB", size, (3, 4, 5)).save(path, kind, **_OPTIONS[kind])

    used = growth(
        path,
        prepare="from evaluator.images import PicturePolicy, decode",
        work="assert decode(path, PicturePolicy()).shape == (256, 256, 3)",
    )

    assert 50 << 20 < used < MAX_GROWTH


def test_the_largest_model_is_checked_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    room = (200 << 20) - 1000
    weights = helper.make_tensor("w", TensorProto.INT8, [room], bytes(room), raw=True)
    made = model([helper.make_node("Cast", ["w"], ["unused"], to=1)], initializers=[weights])
    made.graph.node.add(op_type="Identity", input=["content"], output=["stylized"])
    path.write_bytes(made.SerializeToString())

    used = growth(
        path,
        prepare="import onnx.checker\nfrom evaluator.entry.onnx_checks import check_onnx",
        work="check_onnx(path, path.parent)",
    )

    assert 100 << 20 < used < MAX_GROWTH
