"""The training loop: seeded, resumable, a line of JSON every fifty steps.

Runs on one CPU thread in minutes: the networks are small, their targets ready. What is shipped is
the running mean of the weights, in half precision.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from evaluator.compact.growing import grow
from evaluator.compact.inception_task import InceptionTask
from evaluator.compact.tasks import Batch, LpipsTask, Pictures, Task, VggTask
from evaluator.compact.teachers import InceptionBlocks

__all__ = ["TASKS", "Lesson", "Settings", "train"]

TASKS: Mapping[str, Callable[[Path], Task]] = {
    "vgg": lambda _weights: VggTask(),
    "lpips": lambda _weights: LpipsTask(),
    "inception": lambda weights: InceptionTask(InceptionBlocks(weights)),
}
"""By the folder of the real networks' weights, for a task that asks its teacher as it goes on."""

LOG_EVERY, KEEP_EVERY, CHECK_EVERY = 50, 100, 500
WARM_UP = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """``groups`` in a batch; ``average`` is the decay of the mean of weights that is shipped."""

    steps: int = 1500
    groups: int = 1
    rate: float = 2e-3
    decay: float = 1e-4
    average: float = 0.998
    seed: int = 7


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Pictures, and a file of targets of each group or set, or none at all."""

    groups: Pictures
    targets: Sequence[Path]


def train(
    name: str,
    make: Callable[[], Task],
    lesson: Lesson,
    folder: Path,
    *,
    settings: Settings,
    tell: Callable[[int, int], None],
    check: Lesson | None = None,
    start: Path | None = None,
) -> Path:
    """Train the network of the task made and return its weights' file, ``folder/compact-NAME….``

    Goes on from ``folder/NAME.state.pt`` if that is there and of the same settings; else begins
    with the weights of ``start``, of a network as wide or less, if given. ``check``, which is not
    learned from, is looked at now and then, for the log.
    """
    torch.manual_seed(settings.seed)
    task = make()
    if start is not None:
        grow(task.trunk, start)
    held = [_read(path, task.keys) for path in lesson.targets]
    task.start(lesson.groups, held)
    run = _Run(task, settings, folder / f"{name}.state.pt")
    run.resume()
    with (folder / f"{name}.jsonl").open("a", encoding="utf-8") as log:
        while run.step < settings.steps:
            losses = run.advance(lesson.groups, held)
            tell(run.step, settings.steps)
            if run.step % LOG_EVERY == 0:
                _note(log, {"network": name, "step": run.step, **losses})
            if run.step % KEEP_EVERY == 0 or run.step == settings.steps:
                run.keep()
            due = run.step % CHECK_EVERY == 0 or run.step == settings.steps
            if check is not None and due:
                _note(log, {"network": name, "step": run.step, **run.checked(check)})
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

    def advance(self, groups: Pictures, held: Sequence[Mapping[str, Tensor]]) -> dict[str, float]:
        """One step; the batch depends on seed and step alone."""
        rng = np.random.default_rng([self.settings.seed, self.step])
        torch.manual_seed(int(rng.integers(2**31)))
        chosen = rng.choice(len(groups), self.settings.groups, replace=False)
        keys = held[0] if held else ()
        targets = {key: torch.stack([held[i][key] for i in chosen]) for key in keys}
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

    def checked(self, check: Lesson) -> dict[str, float]:
        """How well the averaged network orders pictures of no training."""
        now = _copy(self.task.network.state_dict())
        self.task.network.load_state_dict(self.average)
        with torch.inference_mode():
            found = self.task.checked(_batches(check, self.task.keys))
        self.task.network.load_state_dict(now)
        return found

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


def _batches(lesson: Lesson, keys: Sequence[str]) -> Iterator[Batch]:
    """Group by group."""
    for index, path in enumerate(lesson.targets):
        targets = {key: value[None] for key, value in _read(path, keys).items()}
        yield Batch(np.array(lesson.groups[index : index + 1]), targets)


def _note(log: TextIO, line: Mapping[str, float | str]) -> None:
    log.write(json.dumps(line) + "\n")
    log.flush()


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
