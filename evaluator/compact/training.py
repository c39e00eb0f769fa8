"""The training loop: seeded, resumable, a line of JSON every fifty steps.

One thread learns while another makes the next batch ready, which for Inception is half of the work.
What is shipped is the running mean of the weights, in eight bits.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self, TextIO

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from evaluator.compact.growing import grow
from evaluator.compact.inception_task import InceptionTask
from evaluator.compact.optimisers import Optimisers, adamw, muon
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
MATRICES = {"trunk": "inception.", "stem": "inception.stages.pool_2."}
"""What Muon is for, of the one network that learns by it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``groups`` in a batch; ``average`` is the decay of the mean of weights that is shipped.

    The rate falls over the last ``fall`` of the steps. ``muon``: see ``optimisers``.
    """

    steps: int = 1500
    groups: int = 1
    rate: float = 2e-3
    decay: float = 1e-4
    average: float = 0.998
    fall: float = 1.0
    muon: bool = False
    seed: int = 7

    def optimisers(self, network: nn.Module) -> Optimisers:
        if not self.muon:
            return adamw(network, rate=self.rate, decay=self.decay)
        return muon(network, rate=self.rate, decay=self.decay, **MATRICES)

    def share(self, step: int) -> float:
        """Of the rate: a short rise, then as it is, then half a cosine to nothing."""
        warm = min(1.0, (step + 1) / WARM_UP)
        fallen = max(0.0, 1 - (1 - step / self.steps) / self.fall)
        return warm * 0.5 * (1 + math.cos(math.pi * fallen))


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
    lessons = _Lessons(task, settings, lesson.groups, held)
    with (folder / f"{name}.jsonl").open("a", encoding="utf-8") as log, lessons:
        while run.step < settings.steps:
            losses = run.advance(lessons.of(run.step))
            tell(run.step, settings.steps)
            if run.step % LOG_EVERY == 0:
                _note(log, {"network": name, "step": run.step, **losses})
            if run.step % KEEP_EVERY == 0 or run.step == settings.steps:
                run.keep()
            due = run.step % CHECK_EVERY == 0 or run.step == settings.steps
            if check is not None and due:
                _note(log, {"network": name, "step": run.step, **run.checked(check)})
    return _ship(task, run.average, folder / f"compact-{name}.safetensors")


class _Lessons:
    """Batches, each made ready while the one before is learned from.

    A batch depends on seed and step alone. Only its making draws random numbers.
    """

    def __init__(
        self,
        task: Task,
        settings: Settings,
        groups: Pictures,
        held: Sequence[Mapping[str, Tensor]],
    ) -> None:
        self._task, self._settings, self._groups, self._held = task, settings, groups, held
        self._ahead = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,))
        self._next: tuple[int, Future[Batch]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ahead.shutdown(cancel_futures=True)

    def of(self, step: int) -> Batch:
        """The batch of a step; that of the next one is begun."""
        begun, found = self._next or self._begin(step)
        if begun != step:
            raise ValueError(f"Steps follow one another: {step} was asked for, not {begun}")
        batch = found.result()
        self._next = self._begin(step + 1)
        return batch

    def _begin(self, step: int) -> tuple[int, Future[Batch]]:
        return step, self._ahead.submit(self._make, step)

    def _make(self, step: int) -> Batch:
        rng = np.random.default_rng([self._settings.seed, step])
        torch.manual_seed(int(rng.integers(2**31)))
        chosen = rng.choice(len(self._groups), self._settings.groups, replace=False)
        keys = self._held[0] if self._held else ()
        targets = {key: torch.stack([self._held[i][key] for i in chosen]) for key in keys}
        pictures = np.stack([self._groups[i] for i in chosen])
        return self._task.ready(Batch(pictures, targets, step / self._settings.steps))


class _Run:
    """A training as far as it has come."""

    def __init__(self, task: Task, settings: Settings, path: Path) -> None:
        self.task, self.settings, self.path = task, settings, path
        self.step = 0
        task.network.to(memory_format=torch.channels_last)
        self.optimisers = settings.optimisers(task.network)
        self.average = _copy(task.network.state_dict())

    def advance(self, batch: Batch) -> dict[str, float]:
        """One step."""
        started = time.perf_counter()
        losses = self.task.losses(batch)
        total = torch.stack(list(losses.values())).sum()
        torch.autograd.backward(total)
        torch.nn.utils.clip_grad_norm_(self.task.network.parameters(), 5.0)
        self.optimisers.step(self.settings.share(self.step))
        self.step += 1
        self._average()
        seconds = time.perf_counter() - started
        found = {key: round(float(value.detach()), 5) for key, value in losses.items()}
        return found | {"total": round(float(total.detach()), 5), "seconds": round(seconds, 3)}

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
            "optimisers": self.optimisers.state(),
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
        self.optimisers.resume(state["optimisers"])
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
    save_file(task.finished(), path)
    return path
