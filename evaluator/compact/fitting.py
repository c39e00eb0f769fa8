"""CompactInception: its trunk is CompactVgg's, its head a ridge regression onto Inception's rows.

Closed form, since there are few pictures and the trunk is ready: nothing to tune but the penalty,
which is chosen on groups of pictures that the regression did not see.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from evaluator.backbones.loading import exact_arithmetic
from evaluator.compact.groups import GROUP
from evaluator.compact.networks import FID_DIMS, CompactInception
from evaluator.errors import ParticipantError

__all__ = ["Ridge", "fit_inception", "ridge"]

PENALTIES = tuple(10.0**power for power in np.arange(-4, 1.1, 0.5))
FOLDS = 5

Floats = NDArray[np.float64]


def fit_inception(
    groups: NDArray[np.uint8],
    targets: Sequence[Path],
    folder: Path,
    *,
    tell: Callable[[int, int], None],
) -> Path:
    """The weights' file, ``folder/compact-inception.safetensors``, made of that of CompactVgg.

    Raises ParticipantError ``compact.missing`` if there is none.
    """
    network = CompactInception()
    network.stages.load_state_dict(_trunk(folder / "compact-vgg.safetensors"))
    network.to(memory_format=torch.channels_last)
    found = []
    with exact_arithmetic():
        for index in range(len(targets)):
            found.append(network.moments(torch.from_numpy(np.array(groups[index]))).numpy())
            tell(index + 1, len(targets))
    moments = np.concatenate(found).astype(np.float64)
    rows = _on_axes(np.concatenate([np.load(path)["pooled"] for path in targets]))
    fitted = ridge(moments, rows, folds=np.arange(len(rows)) // GROUP % FOLDS)
    with (folder / "inception.jsonl").open("a", encoding="utf-8") as log:
        said = {"network": "inception", "penalty": fitted.penalty, "explained": fitted.explained}
        log.write(json.dumps(said) + "\n")
    network.head.weight.data = torch.from_numpy(fitted.weights.T).float()
    network.head.bias.data = torch.from_numpy(fitted.bias).float()
    path = folder / "compact-inception.safetensors"
    save_file({k: v.half().contiguous() for k, v in network.state_dict().items()}, path)
    return path


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """y ≈ x @ weights + bias; ``explained`` is the share of variance on folds left out."""

    weights: Floats
    bias: Floats
    penalty: float
    explained: float


def ridge(x: Floats, y: Floats, *, folds: NDArray[np.int64]) -> Ridge:
    """Ridge regression of y [N, k] on x [N, d], columns standardised.

    ``folds`` [N] numbers the parts that are left out in turn to choose among ``PENALTIES``.
    """
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-12
    z, centre = (x - mean) / deviation, y.mean(axis=0)
    left = {penalty: _left_out(z, y - centre, folds, penalty) for penalty in PENALTIES}
    best = min(left, key=lambda penalty: left[penalty])
    weights = _solve(z, y - centre, best) / deviation[:, None]
    explained = 1 - left[best] / float(((y - centre) ** 2).mean())
    return Ridge(weights, centre - mean @ weights, best, round(explained, 4))


def _left_out(z: Floats, y: Floats, folds: NDArray[np.int64], penalty: float) -> float:
    errors = []
    for fold in np.unique(folds):
        seen = folds != fold
        errors.append(((z[~seen] @ _solve(z[seen], y[seen], penalty) - y[~seen]) ** 2).ravel())
    return float(np.concatenate(errors).mean())


def _solve(z: Floats, y: Floats, penalty: float) -> Floats:
    gram = z.T @ z + penalty * len(z) * np.eye(z.shape[1])
    return np.asarray(np.linalg.solve(gram, z.T @ y))


def _on_axes(rows: NDArray[np.floating]) -> Floats:
    """Rows [N, 768] on the ``FID_DIMS`` axes along which they vary most, centred."""
    centred = rows.astype(np.float64) - rows.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, -FID_DIMS:]
    return np.asarray(centred @ axes)


def _trunk(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise ParticipantError(
            "compact.missing", f"{path} is not there; train the network vgg before inception."
        )
    state = load_file(path)
    head = "stages."
    return {k.removeprefix(head): v.float() for k, v in state.items() if k.startswith(head)}
