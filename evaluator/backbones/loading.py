"""From a protocol's backbone to tensors on a device: verified weights, exact arithmetic.

Weights are found in the registry, made from their seed, or read from a file of that name in the
weights folder; in each case they are used only if their sha256 is the protocol's.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from threading import Lock

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from evaluator.backbones import seeded
from evaluator.backbones.download import Progress, fetch
from evaluator.backbones.weights import MIN_PREFIX, REGISTRY, default_folder, path_of, sha256_of
from evaluator.devices import require_device_name
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.protocols import WeightsRef

__all__ = [
    "LoadedState",
    "exact_arithmetic",
    "find_device",
    "layer_of",
    "load_state",
    "read_tensors",
    "require_healthy",
]

_PROBE = 1 << 16
_UNREADABLE = (
    *(SafetensorError, UnpicklingError, RuntimeError),
    *(ValueError, EOFError, OSError, KeyError),
)


@dataclass(frozen=True, slots=True)
class LoadedState:
    """Named tensors on the CPU, and the whole sha256 of what they were read from."""

    name: str
    tensors: dict[str, Tensor]
    sha256: str


def load_state(
    ref: WeightsRef, folder: Path | None = None, *, on_progress: Progress | None = None
) -> LoadedState:
    """The weights that ``ref`` names; registered ones are downloaded if they are missing.

    A name that is not registered is that of a file in ``folder``. Raises PlatformFault
    ``weights.digest``, ``weights.missing``, ``weights.format`` or what ``download.fetch`` raises.
    """
    if ref.name in seeded.SEEDED:
        state = seeded.make(ref.name)
        _require(ref, seeded.digest_of_state(state))
        tensors = {name: torch.from_numpy(values) for name, values in state.items()}
        return LoadedState(ref.name, tensors, ref.sha256)
    path = _file_of(ref, folder, on_progress)
    digest = sha256_of(path)
    _require(ref, digest)
    return LoadedState(ref.name, read_tensors(path), digest)


def layer_of(state: LoadedState, layer: str, suffix: str, shape: tuple[int, ...]) -> Tensor:
    """``LAYER.SUFFIX`` as float32; PlatformFault ``weights.format`` if absent or misshapen."""
    found = state.tensors.get(f"{layer}.{suffix}")
    if found is None or found.shape != shape:
        there = "is absent" if found is None else f"has shape {tuple(found.shape)}"
        raise PlatformFault(
            "weights.format",
            f"The weights {state.name} do not fit: {layer}.{suffix} {there}, but {shape} is "
            "needed; use the weights that the protocol names.",
        )
    return found.float()


def find_device(name: str) -> torch.device:
    """The device "cpu" or "cuda"; ParticipantError ``device.unknown`` or ``.unavailable``."""
    require_device_name(name)
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ParticipantError(
            "device.unavailable",
            f"The device {name} cannot be used: PyTorch sees no such GPU; use cpu instead.",
        )
    return device


def require_healthy(name: str) -> None:
    """Give back what this process keeps of a GPU's memory, and see that it still computes.

    For between jobs: a driver that a box has upset answers with errors, or wrongly. Raises
    PlatformFault ``device.sick``.
    """
    if torch.device(name).type != "cuda":
        return
    try:
        torch.cuda.empty_cache()
        numbers = torch.arange(_PROBE, dtype=torch.float64, device=name)
        found = float((2 * numbers).sum())
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise PlatformFault("device.sick", f"The GPU {name} does not answer: {reason}.") from error
    if found != _PROBE * (_PROBE - 1):
        raise PlatformFault("device.sick", f"The GPU {name} computes wrongly; look at it.")


class _Exactness:
    """PyTorch's switches, which are the process's: set by the first thread that asks for it.

    What was there before comes back when the last one leaves, whatever the order.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._undo = Lock(), 0, ExitStack()

    @contextmanager
    def entered(self) -> Iterator[None]:
        with self._lock:
            if self._inside == 0:
                self._undo.enter_context(_exact_convolutions())
                self._undo.enter_context(_exact_products())
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._undo.close()


_EXACTNESS = _Exactness()


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """No gradients, no TF32, deterministic convolutions; what was set before is restored.

    For several threads at once.
    """
    with torch.inference_mode(), _EXACTNESS.entered():
        yield


def _exact_convolutions() -> AbstractContextManager[None]:
    return torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )


@contextmanager
def _exact_products() -> Iterator[None]:
    """No TF32 in matrix products, which cuDNN's flag does not reach."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def _file_of(ref: WeightsRef, folder: Path | None, on_progress: Progress | None) -> Path:
    entry = REGISTRY.get(ref.name)
    path = path_of(entry, folder) if entry else (folder or default_folder()) / ref.name
    if path.is_file():
        return path
    if entry is None:
        raise PlatformFault(
            "weights.missing",
            f"The weights {ref.name} are neither registered nor a file in {path.parent}; put the "
            "file there.",
        )
    if entry.packaged:
        raise PlatformFault(
            "weights.missing",
            f"The weights {ref.name} are missing from {path.parent}; install StyleArena again.",
        )
    return fetch(entry, folder, on_progress=on_progress)


def _require(ref: WeightsRef, digest: str) -> None:
    if len(ref.sha256) < MIN_PREFIX or not digest.startswith(ref.sha256):
        raise PlatformFault(
            "weights.digest",
            f"The weights {ref.name} have sha256 {digest[:16]}…, but the protocol pins "
            f"{ref.sha256[:16]}…; get the right ones by `stylearena weights fetch {ref.name}`.",
        )


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Name → tensor of a state dict in a file; PlatformFault ``weights.format`` if it is none."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise PlatformFault(
            "weights.format", f"The weights file {path} is not a PyTorch state dict; replace it."
        ) from error
    return {name: value for name, value in dict(state).items() if isinstance(value, Tensor)}
