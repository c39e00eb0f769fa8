"""Sample grids: rows of content, style and output as one PNG, to look at while training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from evaluator.images import encode_png

__all__ = ["write_grid"]


def write_grid(path: Path, *columns: Tensor) -> None:
    """Pictures [B, 3, H, W] in 0..1, one column each argument, one row each picture."""
    rows = torch.cat([column.detach().float().cpu().clamp(0, 1) for column in columns], dim=3)
    sheet = torch.cat(list(rows), dim=1).permute(1, 2, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_png(np.round(255 * sheet.numpy()).astype(np.uint8)))
