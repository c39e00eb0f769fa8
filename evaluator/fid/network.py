"""Which engine takes pictures to features: onnxruntime on a CPU, PyTorch on a GPU or in bfloat16.

Torch is imported for the latter only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluator.backbones.inception_layers import DIMS, Arrays, layers_up_to
from evaluator.backbones.weights import check, known, path_of, sha256_of
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.fid.choice import Choice

if TYPE_CHECKING:
    from evaluator.backbones.download import Progress

__all__ = [
    "DEFAULT_WEIGHTS",
    "Network",
    "WeightsFile",
    "find_weights",
    "is_fid_s_own",
    "network",
]

DEFAULT_WEIGHTS = "inception-2015-12-05"


class Network(Protocol):
    """Pictures to features."""

    def rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 RGB [N, H, W, 3] to float32 [N, dims]."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """Verified weights on this disk."""

    path: Path
    sha256: str


def find_weights(file: Path | None, on_progress: Progress | None = None) -> WeightsFile:
    """The named file, or FID's own weights, downloaded if they are missing.

    Raises ParticipantError ``weights.unreadable`` and PlatformFault ``weights.*``.
    """
    if file is not None:
        try:
            return WeightsFile(file, sha256_of(file))
        except OSError as error:
            raise ParticipantError(
                "weights.unreadable",
                f"The weights file {file} cannot be read: {error.strerror}; check its path.",
            ) from error
    weights = known(DEFAULT_WEIGHTS)
    path = path_of(weights)
    if not path.is_file():
        _fetch(on_progress)
    return WeightsFile(path, check(weights, path))


def is_fid_s_own(sha256: str) -> bool:
    """Whether weights are those that published FIDs rest on."""
    return sha256.startswith(known(DEFAULT_WEIGHTS).sha256)


def _fetch(on_progress: Progress | None) -> None:
    from evaluator.backbones.download import fetch

    try:
        fetch(known(DEFAULT_WEIGHTS), on_progress=on_progress)
    except PlatformFault as fault:
        if fault.code != "weights.offline":
            raise
        raise PlatformFault(
            fault.code,
            f"The weights {DEFAULT_WEIGHTS} are missing and this machine is offline: fetch them "
            f"elsewhere and run `stylearena weights add {DEFAULT_WEIGHTS} FILE`, or name a copy "
            "with --weights FILE.",
        ) from fault


def network(choice: Choice, weights: WeightsFile) -> Network:
    """The engine, loaded; PlatformFault ``weights.format``, ParticipantError otherwise.

    The latter is ``device.*``, or ``fid.short_weights`` for those that end before the block.
    """
    from evaluator.backbones.state_dict import read_state_dict

    arrays, source = read_state_dict(weights.path), weights.path.name
    _require_reach(arrays, choice.dims, weights.path)
    if choice.device == "cpu" and choice.mode == "exact":
        return _onnx_network(choice, arrays, source)
    from evaluator.fid.torch_network import TorchInception

    return TorchInception(choice, arrays, source=source)


def _require_reach(arrays: Arrays, dims: int, path: Path) -> None:
    reached = [block for block in DIMS if _reaches(arrays, block)]
    if dims in reached:
        return
    if not reached:
        raise ParticipantError(
            "fid.short_weights",
            f"The weights {path} are not FID's Inception; name a copy of that with --weights.",
        )
    raise ParticipantError(
        "fid.short_weights",
        f"The weights {path} end before Inception's block of {dims} channels; use "
        f"--dims {max(reached)} or less, or weights of the whole network.",
    )


def _reaches(arrays: Arrays, dims: int) -> bool:
    layers = layers_up_to(dims)
    return all(f"{each}.weight" in arrays or f"{each}.conv.weight" in arrays for each in layers)


def _onnx_network(choice: Choice, arrays: Arrays, source: str) -> Network:
    from evaluator.backbones.inception_onnx import OnnxInception

    return OnnxInception(arrays, dims=choice.dims, source=source, clean=choice.resize == "clean")
