"""Tensors and what they are, in one safetensors file: what checkpoints and weights have in common.

What they are is a JSON object in the file's header. Files are written in one piece or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from baselines.training.reading import reading

__all__ = ["read_tensors", "write_tensors"]

HEADER = "stylearena"


def write_tensors(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Write contiguous tensors of the CPU; OSError where that is not possible."""
    draft = path.with_suffix(".part")
    # safetensors' own ``save_file`` tells of full disks by an error that is no OSError.
    draft.write_bytes(save(dict(tensors), {HEADER: json.dumps(header, sort_keys=True)}))
    draft.replace(path)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and header; ValueError where the file is cut off, damaged or somebody else's.

    Raises ParticipantError ``baseline.unreadable`` where it cannot be read at all.
    """
    try:
        with reading(path), _opened(path) as file:
            header = json.loads((file.metadata() or {})[HEADER])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if not isinstance(header, dict):
        raise ValueError(f"{path} says nothing of itself")
    return tensors, header


def _opened(path: Path) -> safe_open:
    with path.open("rb"):  # of what may not be read safetensors says that it is not there
        return safe_open(path, framework="pt")
