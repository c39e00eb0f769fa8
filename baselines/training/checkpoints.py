"""Checkpoints: everything that a training has changed, in one safetensors file.

Networks with their buffers (and the frozen encoders in them), optimisers, the running mean and the
state of every random generator; numbers and settings in the file's header. With the pictures and
the networks that losses look through, a resumed run gives the same result as an unbroken one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.training.settings import Settings
from baselines.training.task import Task
from baselines.training.tensor_files import read_tensors, write_tensors
from evaluator.errors import ParticipantError

__all__ = ["Progress", "load_checkpoint", "save_checkpoint"]

_FREE = ("steps", "keep_every", "grid_every", "log_every")  # may change between two runs


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is: steps done and the seconds they took, over all runs."""

    step: int = 0
    seconds: float = 0.0


def save_checkpoint(
    path: Path,
    task: Task,
    mean: Mapping[str, Tensor],
    progress: Progress,
    *,
    method: str,
    settings: Settings,
    data: str,
) -> None:
    """Write the checkpoint in one piece; ``mean`` is the running mean of the network's weights.

    OSError where that is not possible.
    """
    tensors = {f"module.{key}": value for key, value in task.modules.state_dict().items()}
    tensors |= {f"mean.{key}": value for key, value in mean.items()}
    tensors |= _random_states()
    groups = {}
    for name, optimiser in task.optimisers.items():
        state = optimiser.state_dict()
        groups[name] = state["param_groups"]
        for number, values in state["state"].items():
            tensors |= {f"optimiser.{name}.{number}.{key}": v for key, v in values.items()}
    header = {
        "method": method,
        "progress": asdict(progress),
        "settings": asdict(settings),
        "data": data,
        "groups": groups,
    }
    contiguous = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    write_tensors(path, contiguous, header)


def load_checkpoint(
    path: Path,
    task: Task,
    mean: Mapping[str, Tensor],
    *,
    method: str,
    settings: Settings,
    data: str,
) -> Progress:
    """Bring ``task``, ``mean`` and the random generators to where the checkpoint stands.

    Raises ParticipantError ``baseline.checkpoint`` if it is damaged, or of another method, other
    settings or pictures, and ``baseline.unreadable`` if it cannot be read.
    """
    try:
        tensors, header = read_tensors(path)
    except ValueError as error:
        raise _refused(path, "is damaged or cut off") from error
    _require_same(path, header, method=method, settings=settings, data=data)
    try:
        _restore(tensors, header["groups"], task, mean)
    except (RuntimeError, KeyError, ValueError) as error:
        raise _refused(path, "is of a network that has changed since") from error
    return Progress(**header["progress"])


def _restore(
    tensors: Mapping[str, Tensor],
    groups: Mapping[str, Any],
    task: Task,
    mean: Mapping[str, Tensor],
) -> None:
    task.modules.load_state_dict(_part(tensors, "module."))
    for name, optimiser in task.optimisers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _part(tensors, f"optimiser.{name}.").items():
            number, _, what = key.partition(".")
            state.setdefault(int(number), {})[what] = value
        optimiser.load_state_dict({"state": state, "param_groups": groups[name]})
    for key, value in _part(tensors, "mean.").items():
        mean[key].copy_(value)
    _restore_random(tensors)


def _require_same(
    path: Path, header: Mapping[str, Any], *, method: str, settings: Settings, data: str
) -> None:
    if (other := header.get("method", method)) != method:  # those of old do not say
        raise _refused(path, f"is of the method {other}, not of {method}")
    if not header.keys() >= {"progress", "settings", "data", "groups"}:
        raise _refused(path, "is no checkpoint of a training")
    now = json.loads(json.dumps(asdict(settings)))
    changed = [
        key
        for key in {*now, *header["settings"]}
        if key not in _FREE and now.get(key) != header["settings"].get(key)
    ]
    if header["data"] != data:
        changed.append("the pictures")
    if changed:
        raise _refused(path, f"was trained with other values of {', '.join(sorted(changed))}")


def _refused(path: Path, reason: str) -> ParticipantError:
    return ParticipantError(
        "baseline.checkpoint",
        f"{path} {reason}; remove that folder to start anew, or name another by --runs.",
    )


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    found = {key: value for key, value in tensors.items() if key.startswith(prefix)}
    return {key.removeprefix(prefix): value for key, value in found.items()}


def _random_states() -> dict[str, Tensor]:
    states = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random.cuda"] = torch.cuda.get_rng_state()
    return states


def _restore_random(tensors: Mapping[str, Tensor]) -> None:
    torch.set_rng_state(tensors["random.cpu"])
    if torch.cuda.is_available() and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"])
