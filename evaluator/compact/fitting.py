"""CompactInception: its trunk is CompactVgg's, its head a ridge regression onto Inception's rows.

Closed form, since there are few pictures and the trunk is ready: nothing to tune but the penalty,
which is chosen on methods that the regression did not see.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from evaluator.backbones.loading import exact_arithmetic
from evaluator.compact.heldout import STRENGTHS
from evaluator.compact.networks import FID_DIMS, CompactInception
from evaluator.compact.training import Lesson
from evaluator.errors import ParticipantError

__all__ = ["Ridge", "fit_inception", "ridge"]

PENALTIES = tuple(10.0**power for power in np.arange(-4, 1.1, 0.5))
FOLDS = 5

Floats = NDArray[np.float64]


def fit_inception(lesson: Lesson, folder: Path, *, tell: Callable[[int, int], None]) -> Path:
    """The weights' file, ``folder/compact-inception.safetensors``, made of that of CompactVgg.

    Raises ParticipantError ``compact.missing`` if there is none.
    """
    network = CompactInception()
    network.stages.load_state_dict(_trunk(folder / "compact-vgg.safetensors"))
    network.to(memory_format=torch.channels_last)
    found = []
    with exact_arithmetic():
        for index in range(len(lesson.targets)):
            found.append(network.moments(torch.from_numpy(np.array(lesson.groups[index]))).numpy())
            tell(index + 1, len(lesson.targets))
    moments = np.stack(found).astype(np.float64)
    rows = _on_axes(np.stack([np.load(path)["pooled"] for path in lesson.targets]))
    methods = np.arange(len(rows)) // len(STRENGTHS)
    fitted = ridge(*_with_means(moments, rows), folds=_folds(methods, rows.shape[1]))
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
    """Rows [S, n, 768] on the ``FID_DIMS`` axes along which they vary most, centred."""
    flat = rows.reshape(-1, rows.shape[-1]).astype(np.float64)
    centre = flat.mean(axis=0)
    axes = np.linalg.eigh((flat - centre).T @ (flat - centre))[1][:, -FID_DIMS:]
    return np.asarray((rows - centre) @ axes)


def _with_means(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Of sets [S, n, …] the pictures, then each set's mean, as heavy as all of its pictures.

    FID is moved by what a method does to all pictures alike more than by where one of them lies.
    """
    made = []
    for values in (x, y):
        means = np.repeat(values.mean(axis=1), values.shape[1], axis=0)
        made.append(np.concatenate([values.reshape(-1, values.shape[-1]), means]))
    return made[0], made[1]


def _folds(methods: NDArray[np.int64], pictures: int) -> NDArray[np.int64]:
    """For ``_with_means``: all sets of a method are left out together."""
    return np.tile(np.repeat(methods % FOLDS, pictures), 2)


def _trunk(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise ParticipantError(
            "compact.missing", f"{path} is not there; train the network vgg before inception."
        )
    state = load_file(path)
    head = "stages."
    return {k.removeprefix(head): v.float() for k, v in state.items() if k.startswith(head)}
