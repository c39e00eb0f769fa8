"""Trained weights with what they are: the file that training leaves and export takes.

A safetensors file whose header tells the method, settings, styles, steps, minutes and hardware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.training.tensor_files import read_tensors, write_tensors
from evaluator.errors import ParticipantError

__all__ = ["Origin", "load_weights", "save_weights"]


@dataclass(frozen=True, slots=True)
class Origin:
    """How weights came about; ``settings`` are the whole ones, as plain values."""

    method: str
    preset: str
    settings: Mapping[str, Any]
    styles: tuple[str, ...]
    data: str
    steps: int
    minutes: float
    hardware: str
    parameters: int

    def sentence(self) -> str:
        """For the model card."""
        planned = self.settings["steps"]
        steps = f"{self.steps} of {planned} planned" if self.steps < planned else f"{self.steps}"
        unit = "step" if self.steps == planned == 1 else "steps"
        crops = "crop" if self.settings["batch"] == 1 else "crops"
        return (
            f"{steps} {unit} of {self.settings['batch']} {crops} of {self.settings['crop']}² "
            f"(preset {self.preset}, seed {self.settings['seed']}) on {self.data}, "
            f"{self.minutes:.1f} minutes on {self.hardware}"
        )


def save_weights(path: Path, state: Mapping[str, Tensor], origin: Origin, *, half: bool) -> Path:
    """Write a network's state dict, in half precision if ``half``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {
        key: (value.half() if half and value.is_floating_point() else value).cpu().contiguous()
        for key, value in state.items()
    }
    write_tensors(path, tensors, asdict(origin))
    return path


def load_weights(path: Path) -> tuple[dict[str, Tensor], Origin]:
    """State dict, in float32, and origin; ParticipantError ``baseline.weights`` if it is none.

    And ``baseline.unreadable`` where the file cannot be read.
    """
    try:
        tensors, header = read_tensors(path)
        origin = Origin(**header | {"styles": tuple(header["styles"])})
    except (ValueError, KeyError, TypeError) as error:  # the last: a header of something else
        raise ParticipantError(
            "baseline.weights", f"{path} holds no weights of a baseline; train it again."
        ) from error
    floats = {k: v.float() if v.dtype == torch.float16 else v for k, v in tensors.items()}
    return floats, origin
