"""The commands' work in order, with progress: pictures, targets, training; or judging, a page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from evaluator.commands.console import steps as progress_bar
from evaluator.compact.fitting import fit_inception
from evaluator.compact.groups import keep_groups
from evaluator.compact.heldout import held_out
from evaluator.compact.judging import Judgement, judge, judges, speed_of
from evaluator.compact.page import figures, page
from evaluator.compact.sources import sources_of
from evaluator.compact.stylisers import (
    Styliser,
    entry_styliser,
    linear_transport,
    patchwork,
)
from evaluator.compact.targets import axes_of, keep_targets
from evaluator.compact.tasks import TASKS
from evaluator.compact.teachers import Teachers
from evaluator.compact.training import Settings, train
from evaluator.errors import ParticipantError

__all__ = ["Plan", "evaluate_all", "train_all"]

NETWORKS = (*TASKS, "inception")  # which is made of vgg

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train on and for how long; ``work`` is the folder of everything that is made."""

    weights: Path
    images: Path
    work: Path
    entries: tuple[Path, ...]
    groups: int
    steps: int
    seed: int


def train_all(plan: Plan, networks: Sequence[str]) -> list[Path]:
    """The weights' files of the networks named, or of all."""
    if unknown := set(networks) - set(NETWORKS):
        raise ParticipantError(
            "compact.network",
            f"There is no compact network {', '.join(sorted(unknown))}; known are "
            f"{', '.join(NETWORKS)}.",
        )
    torch.set_num_threads(1)
    plan.work.mkdir(parents=True, exist_ok=True)
    with progress_bar("pictures") as bar:
        stylisers = [entry_styliser(path) for path in plan.entries]
        groups = keep_groups(
            plan.work / "groups.npy",
            sources_of(plan.images, "training"),
            stylisers,
            count=plan.groups,
            seed=plan.seed,
            tell=partial(bar.count, "pictures"),
        )
        teachers = Teachers(plan.weights)
        targets = keep_targets(
            plan.work / "targets",
            groups,
            teachers,
            _axes(plan.work / "axes.pt", groups, teachers),
            partial(bar.count, "targets"),
        )
        return [
            _train(name, groups, targets, plan, partial(bar.count, name))
            for name in networks or NETWORKS
        ]


def evaluate_all(
    weights: Path, images: Path, entries: Sequence[Path], out: Path, *, pairs: int, seed: int
) -> Mapping[str, float]:
    """The figures, which are also written to the page ``out``."""
    torch.set_num_threads(1)
    stylisers: dict[str, Styliser] = {path.stem: entry_styliser(path) for path in entries}
    stylisers |= {"linear-transport": linear_transport, "patchwork": patchwork}
    found: dict[str, Judgement] = {}
    with progress_bar("pictures") as bar:
        pictures = held_out(
            sources_of(images, "heldout"),
            stylisers,
            pairs=pairs,
            seed=seed,
            tell=partial(bar.count, "pictures"),
        )
        for name, (rules, folder) in judges(weights).items():
            found[name] = judge(rules, folder, pictures, partial(bar.count, f"{name} networks"))
        speed = speed_of(weights, pictures, partial(bar.count, "speed"))
    both = found["real"], found["compact"]
    out.write_text(page(pictures, *both, speed), "utf-8")
    return figures(*both, speed)


def _train(
    name: str, groups: NDArray[np.uint8], targets: Sequence[Path], plan: Plan, tell: Tell
) -> Path:
    if name not in TASKS:
        return fit_inception(groups, targets, plan.work, tell=tell)
    settings = Settings(steps=plan.steps, seed=plan.seed)
    return train(name, groups, targets, plan.work, settings=settings, tell=tell)


def _axes(path: Path, groups: NDArray[np.uint8], teachers: Teachers) -> dict[str, Tensor]:
    """Kept, since targets of an interrupted run lie on them."""
    if not path.exists():
        torch.save(axes_of(groups, teachers), path)
    kept: dict[str, Tensor] = torch.load(path, weights_only=True)
    return kept
