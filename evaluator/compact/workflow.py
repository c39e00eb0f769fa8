"""The commands' work in order, with progress: pictures, targets, training; or judging, a page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from evaluator.commands.console import Steps
from evaluator.commands.console import steps as progress_bar
from evaluator.compact.groups import Groups, keep_groups
from evaluator.compact.heldout import held_out
from evaluator.compact.judging import Judgement, judge, judges, speed_of
from evaluator.compact.page import figures, page
from evaluator.compact.sets import Units, keep_checks, keep_sets
from evaluator.compact.sources import Sources, parted, sources_of
from evaluator.compact.stylisers import (
    Styliser,
    entry_styliser,
    linear_transport,
    patchwork,
)
from evaluator.compact.targets import (
    axes_of,
    inception_targets,
    keep_targets,
    lpips_targets,
    vgg_targets,
)
from evaluator.compact.teachers import Teachers
from evaluator.compact.training import TASKS, Lesson, Settings, train
from evaluator.errors import ParticipantError

__all__ = ["Plan", "evaluate_all", "train_all"]

CHECK_SHARE = 8  # groups to learn from for each that the learning is checked with
TRUNKS = dict.fromkeys(("vgg", "lpips"), "compact-vgg.safetensors") | {
    "inception": "compact-inception.safetensors"
}
"""What a network may begin with: LPIPS' stages have VGG's shapes."""

SETTINGS: Mapping[str, Callable[..., Settings]] = {
    "vgg": Settings,
    "lpips": Settings,
    "inception": partial(Settings, groups=4, rate=2.5e-3, decay=0.02, fall=0.5, muon=True),
}

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train on and for how long; ``work`` is the folder of everything that is made.

    The learning is checked with ``checks``, entries of no training; it begins with the weights in
    the folder ``start``, or anew.
    """

    weights: Path
    images: Path
    work: Path
    entries: tuple[Path, ...]
    checks: tuple[Path, ...]
    start: Path | None
    groups: int
    sets: int
    steps: int
    seed: int


def train_all(plan: Plan, networks: Sequence[str]) -> list[Path]:
    """The weights' files of the networks named, or of all."""
    if unknown := set(networks) - set(TASKS):
        raise ParticipantError(
            "compact.network",
            f"There is no compact network {', '.join(sorted(unknown))}; known are "
            f"{', '.join(TASKS)}.",
        )
    torch.set_num_threads(1)
    plan.work.mkdir(parents=True, exist_ok=True)
    with progress_bar("pictures") as bar:
        teachers = Teachers(plan.weights)
        found = []
        for name in networks or TASKS:
            found.append(_train(name, plan, teachers, bar))
        return found


def evaluate_all(
    weights: Path,
    images: Path,
    entries: Sequence[Path],
    out: Path,
    *,
    pairs: int,
    judged: int,
    seed: int,
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
            judged=judged,
            seed=seed,
            tell=partial(bar.count, "pictures"),
        )
        for name, (rules, folder) in judges(weights).items():
            found[name] = judge(rules, folder, pictures, partial(bar.count, f"{name} networks"))
        speed = speed_of(weights, pictures, partial(bar.count, "speed"))
    both = found["real"], found["compact"]
    out.write_text(page(pictures, *both, speed), "utf-8")
    return figures(*both, speed)


def _train(name: str, plan: Plan, teachers: Teachers, bar: Steps) -> Path:
    lessons = _sets if name == "inception" else partial(_groups, name)
    lesson, check = lessons(plan, teachers, bar)
    start = None if plan.start is None else plan.start / TRUNKS[name]
    return train(
        *(name, partial(TASKS[name], plan.weights), lesson, plan.work),
        settings=SETTINGS[name](steps=plan.steps, seed=plan.seed),
        tell=partial(bar.count, name),
        check=check,
        start=start,
    )


def _groups(name: str, plan: Plan, teachers: Teachers, bar: Steps) -> tuple[Lesson, Lesson]:
    """Groups of pictures with their targets: to learn from, and to check the learning with."""
    lessons = []
    parts = parted(sources_of(plan.images, "training"))
    for part, sources in zip(("", "check-"), parts, strict=True):
        groups = _kept_groups(plan, sources, bar, part)
        if name == "lpips":
            make = partial(lpips_targets, teachers=teachers)
        else:
            axes = _axes(plan.work / "axes.pt", groups, teachers)
            make = partial(vgg_targets, teachers=teachers, axes=axes)
        tell = partial(bar.count, f"{part}targets")
        paths = keep_targets(plan.work / f"{part}{name}-targets", groups, make, tell)
        lessons.append(Lesson(groups, paths))
    return lessons[0], lessons[1]


def _kept_groups(plan: Plan, sources: Sources, bar: Steps, part: str = "") -> Groups:
    archives = plan.checks if part else plan.entries
    return keep_groups(
        plan.work / f"{part}groups.npy",
        sources,
        [entry_styliser(path) for path in archives],
        entries=() if part else archives,
        count=plan.groups // CHECK_SHARE if part else plan.groups,
        seed=plan.seed + len(part),
        tell=partial(bar.count, f"{part}pictures"),
    )


def _sets(plan: Plan, teachers: Teachers, bar: Steps) -> tuple[Lesson, Lesson]:
    """Sets of pictures of one method each and groups, for a teacher that is asked as it goes on;
    sets that the learning is checked with, with their targets."""
    learned, checked = parted(sources_of(plan.images, "training"))
    sets = keep_sets(
        *(plan.work / "sets.npy", learned, plan.entries),
        count=plan.sets,
        seed=plan.seed,
        tell=partial(bar.count, "sets"),
    )
    checks = keep_checks(
        *(plan.work / "check-sets.npy", checked, plan.entries, plan.checks),
        seed=plan.seed,
        tell=partial(bar.count, "check-sets"),
    )
    make = partial(inception_targets, teachers=teachers)
    tell = partial(bar.count, "check-sets targets")
    targets = keep_targets(plan.work / "check-sets-targets", checks, make, tell)
    return Lesson(Units(sets, _kept_groups(plan, learned, bar)), ()), Lesson(checks, targets)


def _axes(path: Path, groups: Groups, teachers: Teachers) -> dict[str, Tensor]:
    """Kept, since targets of an interrupted run lie on them."""
    if not path.exists():
        torch.save(axes_of(groups, teachers), path)
    kept: dict[str, Tensor] = torch.load(path, weights_only=True)
    return kept
