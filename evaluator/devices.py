"""The names of devices: "cpu", "cuda", "cuda:N", and "auto" where a command takes it.

Light: torch is loaded only where there may be a GPU to ask for.
"""

import re
import sys
from pathlib import Path

from evaluator.errors import ParticipantError

__all__ = ["chosen_device", "require_device_name"]

_NAME = re.compile(r"cpu|cuda(:\d+)?")

# The drivers' own doors: NVIDIA's on Linux and in WSL, and AMD's, whose PyTorch answers to "cuda".
_DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")


def require_device_name(name: str) -> None:
    """Raise ParticipantError ``device.unknown`` for a name that no device can have."""
    if not _NAME.fullmatch(name):
        raise ParticipantError(
            "device.unknown", f"There is no device {name!r}; choose cpu or cuda."
        )


def chosen_device(name: str) -> str:
    """``name``, or for "auto" the GPU if PyTorch sees one and else the CPU, as pytorch-fid chooses.

    Raises ParticipantError ``device.*``.
    """
    if name != "auto":
        require_device_name(name)
        return name
    if sys.platform != "win32" and not any(Path(door).exists() for door in _DRIVERS):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
