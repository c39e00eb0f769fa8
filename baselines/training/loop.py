"""The one training loop: seeded, resumable, within a budget of minutes.

A run's folder holds ``checkpoint.safetensors``, ``log.jsonl`` (a line of statistics every few
steps), ``samples/STEP.png`` and, at the end, ``weights.safetensors``.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from baselines.runs import WEIGHTS_FILE
from baselines.training.checkpoints import Progress, load_checkpoint, save_checkpoint
from baselines.training.grids import write_grid
from baselines.training.hardware import hardware_name
from baselines.training.interrupts import Kept, patient
from baselines.training.pictures import Batch, Pictures, load_pictures
from baselines.training.reading import reading
from baselines.training.settings import Settings
from baselines.training.task import Trained
from baselines.training.weights import Origin, save_weights
from evaluator.datasets import Dataset
from evaluator.errors import ParticipantError
from evaluator.writing import writing

__all__ = ["train"]

Tell = Callable[[int, int], None]
SHOWN = 4

# Disks fill up and folders change while a training runs: all that it writes is guarded.
_guarded = writing(
    "The training",
    "make room for it or name another folder with --runs",
    code="out.unwritable",
    error=ParticipantError,
)


def train(
    method: Trained,
    dataset: Dataset,
    folder: Path,
    *,
    settings: Settings,
    preset: str = "custom",
    device: str = "cpu",
    minutes: float = math.inf,
    tell: Tell = lambda done, total: None,
    heard: Callable[[], None] = lambda: None,
) -> Path:
    """Train until ``settings.steps`` or ``minutes`` are over and return the weights' file.

    Goes on from the checkpoint in ``folder`` if there is one. ``minutes`` count over all runs.
    Raises ParticipantError ``baseline.*``, ``baseline.diverged`` if a loss is not finite, and
    ``out.unwritable``. At Ctrl-C it calls ``heard``, in a signal handler, ends the step, writes the
    checkpoint and raises ``Kept``; at a second one it raises KeyboardInterrupt at once.
    """
    torch.manual_seed(settings.seed)
    pictures = load_pictures(dataset, settings)
    run = _Run(method, pictures, folder, settings=settings, device=torch.device(device))
    run.resume()
    with patient(heard) as interrupted:
        while run.step < settings.steps and run.seconds < 60 * minutes:
            run.advance()
            tell(run.step, settings.steps)
            if interrupted():
                run.keep()
                raise Kept(run.step, folder)
    run.keep()
    return run.finish(preset)


class _Run:
    """A training as far as it has come."""

    def __init__(
        self,
        method: Trained,
        pictures: Pictures,
        folder: Path,
        *,
        settings: Settings,
        device: torch.device,
    ) -> None:
        self.method, self.pictures, self.folder = method, pictures, folder
        self.settings, self.device = settings, device
        network = method.network(settings, pictures.styles).to(device)
        self.task = method.task(network, settings, pictures, device)
        self.mean = deepcopy(self.task.network).requires_grad_(requires_grad=False)
        self.step, self.seconds = 0, 0.0
        self._counted = time.perf_counter()
        self._rates = {
            name: [group["lr"] for group in optimiser.param_groups]
            for name, optimiser in self.task.optimisers.items()
        }

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    @property
    def _log(self) -> Path:
        return self.folder / "log.jsonl"

    @_guarded
    def resume(self) -> None:
        """Go on from the checkpoint; lines of the log that came after it are dropped."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._checkpoint.is_file():
            self._log.write_text("", "utf-8")
            return
        mean = self.mean.state_dict()
        progress = load_checkpoint(
            self._checkpoint,
            self.task,
            mean,
            method=self.method.name,
            settings=self.settings,
            data=self.pictures.digest,
        )
        self.step, self.seconds = progress.step, progress.seconds
        kept = [line for line in self._logged() if _step_of(line) <= self.step]
        self._log.write_text("".join(f"{line}\n" for line in kept), "utf-8")

    def _logged(self) -> list[str]:
        if not self._log.is_file():
            return []
        with reading(self._log):
            return self._log.read_text("utf-8", "replace").splitlines()

    def advance(self) -> None:
        """One step, and what is due after it."""
        self._slow_down()
        self.task.begin(self.step / self.settings.steps)
        low = self.settings.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=low):
            found = self.task.step(self._draw(self.settings.batch))
        self._follow()
        self.step += 1
        self._record({name: float(value.detach()) for name, value in found.items()})
        if self._is_due(self.settings.grid_every):
            self._show()
        self._count()
        if self._is_due(self.settings.keep_every):
            self.keep()

    def _count(self) -> None:
        """Add the time since this was last done: of the step, what came after it, and telling."""
        now = time.perf_counter()
        self.seconds, self._counted = self.seconds + now - self._counted, now

    def _draw(self, count: int) -> Batch:
        return self.pictures.draw(count, self.settings.crop, self.device)

    def _slow_down(self) -> None:
        """Set the rates of this step."""
        falling = self.settings.decay * self.settings.steps
        share = min(1.0, (self.settings.steps - self.step) / falling) if falling else 1.0
        for name, optimiser in self.task.optimisers.items():
            for group, rate in zip(optimiser.param_groups, self._rates[name], strict=True):
                group["lr"] = share * rate

    def _follow(self) -> None:
        """Move the running mean; buffers and, without a mean, everything are copied."""
        decay = min(self.settings.average, self.step / (self.step + 10))
        learnt = dict(self.task.network.named_parameters())
        with torch.no_grad():
            for name, value in self.mean.named_parameters():
                value.lerp_(learnt[name], 1 - decay)
            buffers = dict(self.task.network.named_buffers())
            for name, kept in self.mean.named_buffers():
                kept.copy_(buffers[name])

    def _record(self, losses: dict[str, float]) -> None:
        if bad := [name for name, value in losses.items() if not math.isfinite(value)]:
            raise ParticipantError(
                "baseline.diverged",
                f"{self.method.name} diverged at step {self.step}: {', '.join(bad)} is not finite; "
                "lower the rate in a --config file and start anew.",
            )
        if self._is_due(self.settings.monitor_every):
            with torch.random.fork_rng():
                torch.manual_seed(self.settings.seed)
                losses |= self.task.monitor(self._draw)
        elif not (self._is_due(self.settings.log_every) or self.step == 1):
            return
        line = {"step": self.step, **{name: round(v, 6) for name, v in losses.items()}}
        self._note(json.dumps(line))

    @_guarded
    def _note(self, line: str) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def _is_due(self, every: int) -> bool:
        return bool(every) and (self.step % every == 0 or self.step == self.settings.steps)

    @_guarded
    def _show(self) -> None:
        batch = self.pictures.shown(SHOWN, self.settings.crop, self.device)
        with torch.no_grad():
            output: Tensor = self.task.paint(self.mean.eval(), batch)
        path = self.folder / "samples" / f"{self.step:06d}.png"
        write_grid(path, batch.content, batch.style, output)

    @_guarded
    def keep(self) -> None:
        """Write the checkpoint."""
        save_checkpoint(
            self._checkpoint,
            self.task,
            self.mean.state_dict(),
            Progress(self.step, self.seconds),
            method=self.method.name,
            settings=self.settings,
            data=self.pictures.digest,
        )

    @_guarded
    def finish(self, preset: str) -> Path:
        """Write the weights that are exported: the running mean."""
        network: nn.Module = self.mean
        origin = Origin(
            method=self.method.name,
            preset=preset,
            settings=asdict(self.settings),
            styles=self.pictures.styles,
            data=self.pictures.name,
            steps=self.step,
            minutes=round(self.seconds / 60, 2),
            hardware=hardware_name(self.device),
            parameters=sum(p.numel() for p in network.parameters()),
        )
        path = self.folder / WEIGHTS_FILE
        return save_weights(path, network.state_dict(), origin, half=False)


def _step_of(line: str) -> float:
    """The step that a line of the log tells of; infinity if it was cut off while it was written."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, TypeError, KeyError):
        return math.inf
