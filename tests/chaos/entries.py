"""What the participants hand in: ONNX entries that are judged in moments, and how each must end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx
from onnx import TensorProto, helper
from PIL import Image

from tests.web.factories import identity_model

__all__ = ["KINDS", "Kind", "write_pictures"]


@dataclass(frozen=True, slots=True)
class Kind:
    """An entry, its verdict, and what is in the ledger beside the reservation."""

    name: str
    model: bytes
    state: str
    settled: str


def _model(*nodes: onnx.NodeProto) -> bytes:
    pictures = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3, "H", "W"])
        for name in ("content", "stylized")
    ]
    half = helper.make_tensor("half", TensorProto.FLOAT, [], [0.5])
    one = helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])
    graph = helper.make_graph(
        list(nodes), "chaos", pictures[:1], pictures[1:], initializer=[half, one]
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()


def _negative() -> bytes:
    return _model(helper.make_node("Sub", ["one", "content"], ["stylized"]))


def _fails_on_dark_pictures() -> bytes:
    """The logarithm of mean - 0.5: no number for the dark pictures of the full run."""
    return _model(
        helper.make_node("ReduceMean", ["content"], ["mean"]),
        helper.make_node("Sub", ["mean", "half"], ["excess"]),
        helper.make_node("Log", ["excess"], ["stop"]),
        helper.make_node("Add", ["content", "stop"], ["stylized"]),
    )


def _fails_on_every_picture() -> bytes:
    return _model(
        helper.make_node("Neg", ["one"], ["minus"]),
        helper.make_node("Log", ["minus"], ["stop"]),
        helper.make_node("Add", ["content", "stop"], ["stylized"]),
    )


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind("identity", identity_model(), "scored", "charged"),
            Kind("negative", _negative(), "scored", "charged"),
            Kind("dark", _fails_on_dark_pictures(), "failed", "charged"),
            Kind("broken", _fails_on_every_picture(), "failed", "refunded"),
        )
    }
)


def write_pictures(folder: Path, name: str, *, darkest: int, brightest: int) -> Path:
    """A dataset of three contents and three styles of seeded noise; returns its folder."""
    generator = np.random.default_rng(sum(name.encode()))
    for kind in ("content", "style"):
        for index in range(3):
            home = folder / kind / (f"family-{index}" if kind == "style" else "")
            home.mkdir(parents=True, exist_ok=True)
            pixels = generator.integers(darkest, brightest, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(home / f"{kind}-{index}.png")
    about = f'name = "{name}"\nversion = "1"\ntitle = "{name}"\nlicence = "CC0"\n'
    (folder / "dataset.toml").write_text(about, "utf-8")
    return folder
