"""Pictures as bytes rather than floats."""

from pathlib import Path

from onnx import TensorProto

from tests.entries.making import model, save, value


def build(folder: Path) -> Path:
    kind = TensorProto.UINT8
    made = model(
        inputs=[value("content", kind=kind)],
        outputs=[value("stylized", kind=kind)],
    )
    return save(made, folder)
