"""Entries that hold a small network of random weights, for tests of what changes such weights."""

import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["network_entry"]


class _Network(nn.Module):
    """Four convolutions; the last one's output is added to the content."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Sequential(nn.Conv2d(a, 6, 3, padding=1), nn.ReLU()) for a in (3, 6, 6)),
            nn.Conv2d(6, 3, 3, padding=1),
        )

    def forward(self, content: Tensor) -> Tensor:
        return (content + 0.5 * self.layers(content)).clamp(0, 1)


def network_entry(path: Path, seed: int) -> Path:
    """An archive with a model that takes the content alone, of any size."""
    torch.manual_seed(seed)
    model = io.BytesIO()
    torch.onnx.export(
        _Network().eval(),
        (torch.from_numpy(np.full((1, 3, 16, 16), 0.5, np.float32)),),
        model,
        input_names=["content"],
        output_names=["stylized"],
        dynamic_axes={name: {2: "h", 3: "w"} for name in ("content", "stylized")},
        dynamo=False,
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("model.onnx", model.getvalue())
    return path
