"""The name of what a training ran on, for model cards and the table."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

__all__ = ["hardware_name"]


def hardware_name(device: torch.device) -> str:
    """A GPU's name, or the number of CPU threads and the processor's name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{threads} CPU thread{'s' if threads > 1 else ''} ({_processor()})"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
