"""The training loop: seeded, resumable, a line of JSON every fifty steps.

Runs on one CPU thread in minutes: the networks are small, their targets ready. What is shipped is
the running mean of the weights, in half precision.
"""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from evaluator.compact.tasks import TASKS, Batch, Task

__all__ = ["Settings", "train"]

LOG_EVERY, KEEP_EVERY = 50, 200
WARM_UP = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """``groups`` in a batch; ``average`` is the decay of the mean of weights that is shipped."""

    steps: int = 1500
    groups: int = 2
    rate: float = 3e-3
    decay: float = 1e-4
    average: float = 0.995
    seed: int = 7


def train(
    name: str,
    groups: NDArray[np.uint8],
    targets: Sequence[Path],
    folder: Path,
    *,
    settings: Settings,
    tell: Callable[[int, int], None],
) -> Path:
    """Train the network of that name and return its weights' file, ``folder/compact-NAME….``

    Goes on from ``folder/NAME.state.pt`` if that is there and of the same settings.
    """
    torch.manual_seed(settings.seed)
    task = TASKS[name]()
    held = [_read(path, task.keys) for path in targets]
    task.start(held)
    run = _Run(task, settings, folder / f"{name}.state.pt")
    run.resume()
    with (folder / f"{name}.jsonl").open("a", encoding="utf-8") as log:
        while run.step < settings.steps:
            losses = run.advance(groups, held)
            tell(run.step, settings.steps)
            if run.step % LOG_EVERY == 0:
                log.write(json.dumps({"network": name, "step": run.step, **losses}) + "\n")
                log.flush()
            if run.step % KEEP_EVERY == 0 or run.step == settings.steps:
                run.keep()
    return _ship(task, run.average, folder / f"compact-{name}.safetensors")


class _Run:
    """A training as far as it has come."""

    def __init__(self, task: Task, settings: Settings, path: Path) -> None:
        self.task, self.settings, self.path = task, settings, path
        self.step = 0
        task.network.to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(
            task.network.parameters(), lr=settings.rate, weight_decay=settings.decay
        )
        self.average = _copy(task.network.state_dict())

    def advance(
        self, groups: NDArray[np.uint8], held: Sequence[Mapping[str, Tensor]]
    ) -> dict[str, float]:
        """One step; the batch depends on seed and step alone."""
        rng = np.random.default_rng([self.settings.seed, self.step])
        torch.manual_seed(int(rng.integers(2**31)))
        chosen = rng.choice(len(held), self.settings.groups, replace=False)
        targets = {key: torch.stack([held[i][key] for i in chosen]) for key in held[0]}
        for part in self.optimiser.param_groups:
            part["lr"] = self.settings.rate * self._share()
        started = time.perf_counter()
        losses = self.task.losses(Batch(np.stack([groups[i] for i in chosen]), targets))
        total = torch.stack(list(losses.values())).sum()
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        torch.nn.utils.clip_grad_norm_(self.task.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._average()
        seconds = time.perf_counter() - started
        found = {key: round(float(value.detach()), 5) for key, value in losses.items()}
        return found | {"total": round(float(total.detach()), 5), "seconds": round(seconds, 3)}

    def _share(self) -> float:
        """Of the rate: a short rise, then half a cosine to nothing."""
        warm = min(1.0, (self.step + 1) / WARM_UP)
        return warm * 0.5 * (1 + math.cos(math.pi * self.step / self.settings.steps))

    def _average(self) -> None:
        decay = min(self.settings.average, self.step / (self.step + 10))
        for key, value in self.task.network.state_dict().items():
            self.average[key].lerp_(value, 1 - decay)

    def keep(self) -> None:
        state = {
            "step": self.step,
            "settings": asdict(self.settings),
            "network": self.task.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
        }
        part = self.path.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.path)

    def resume(self) -> None:
        if not self.path.exists():
            return
        state = torch.load(self.path, weights_only=True)
        if state["settings"] != asdict(self.settings):
            return
        self.task.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average, self.step = state["average"], state["step"]


def _read(path: Path, keys: Sequence[str]) -> dict[str, Tensor]:
    with np.load(path) as file:
        return {key: torch.from_numpy(file[key]) for key in keys}


def _copy(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key: value.detach().clone() for key, value in state.items()}


def _ship(task: Task, average: Mapping[str, Tensor], path: Path) -> Path:
    task.network.load_state_dict(dict(average))
    halves = {key: value.half().contiguous() for key, value in task.finished().items()}
    save_file(halves, path)
    return path
