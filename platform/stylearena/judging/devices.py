"""The device a worker judges on: asked for by STYLEARENA_DEVICE, or the first free GPU.

``cpu``, ``cuda``, ``cuda:1``, or ``auto``: the first GPU that no other worker on this machine
holds, else the processor. A GPU worker leaves alone what its memory cannot hold.
"""

import fcntl
import os
import socket
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

import psutil
from django.conf import settings

from evaluator.errors import PlatformFault

__all__ = ["Device", "choose", "this_device", "worker_name"]

_SCORER_BYTES = 2 << 30  # what backbones, targets and a batch take beside the entry
_held: list[IO[bytes]] = []  # locks live as long as the process


@dataclass(frozen=True, slots=True)
class Device:
    """A device by its name in torch, with all of its memory."""

    name: str
    title: str
    memory_bytes: int

    @property
    def is_gpu(self) -> bool:
        return self.name.startswith("cuda")

    @property
    def room(self) -> int | None:
        """Bytes for an entry beside the scorer; None: no bound (a CPU swaps, a GPU fails)."""
        return self.memory_bytes - _SCORER_BYTES if self.is_gpu else None


def worker_name() -> str:
    """What leases and operators call this process."""
    return f"{socket.gethostname()}-{os.getpid()}"


@lru_cache(maxsize=1)
def this_device() -> Device:
    """The device of this worker, chosen once."""
    return choose(settings.JUDGE_DEVICE)


def choose(asked: str) -> Device:
    """The device ``asked`` for. Raises PlatformFault ``device.*`` if this machine has none such."""
    if asked == "cpu":
        return _cpu()
    gpus = _gpus()
    if asked == "auto":
        return next((gpu for gpu in gpus if _take(gpu)), None) or _cpu()
    wanted = "cuda:0" if asked == "cuda" else asked
    for gpu in gpus:
        if gpu.name == wanted:
            return gpu
    known = ", ".join(["auto", "cpu", *(gpu.name for gpu in gpus)])
    raise PlatformFault(
        "device.absent", f"STYLEARENA_DEVICE is {asked!r}, which is not here: set one of {known}."
    )


def _cpu() -> Device:
    return Device("cpu", "processor", psutil.virtual_memory().total)


def _gpus() -> list[Device]:
    import torch

    return [
        Device(f"cuda:{index}", facts.name, facts.total_memory)
        for index in range(torch.cuda.device_count())
        for facts in [torch.cuda.get_device_properties(index)]
    ]


def _take(gpu: Device) -> bool:
    """Hold the lock of ``gpu`` until this process ends; False if another worker holds it."""
    path = Path(tempfile.gettempdir()) / f"stylearena-{gpu.name.replace(':', '-')}.lock"
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _held.append(lock)
    return True
