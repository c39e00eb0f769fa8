"""What the commands do, whatever kind of method it is: train, export, check.

Light to import; what it is asked to do loads torch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from baselines.card import Card
from baselines.registry import GATYS, METHODS, NAMES, TRAINED, names_of, trained
from baselines.runs import SHIPPED, is_shipped, run_name, weights_of
from evaluator.errors import ParticipantError

if TYPE_CHECKING:
    from baselines.methods.gatys import GatysSettings
    from baselines.training.settings import Settings
    from evaluator.datasets import Dataset

__all__ = [
    "Plan",
    "card_of",
    "check_entries",
    "export_entries",
    "lines_of_methods",
    "ready_among",
    "ready_names",
    "require_settings",
    "runs_for",
    "train_method",
    "trained_names",
]


@dataclass(frozen=True, slots=True)
class Plan:
    """A training that was asked for; ``minutes`` are for each method.

    ``any_style``: where a method learns one style and none is named, take the dataset's first.
    """

    preset: str
    dataset: str
    style: str
    config: Path | None
    device: str
    minutes: float
    any_style: bool = False


def lines_of_methods() -> Iterator[str]:
    """Name, kind, title and source of every method."""
    for name in names_of("all"):
        kind = "closed form" if name in METHODS else "trained" if name in TRAINED else "optimised"
        card = card_of(name)
        yield f"{name:18} {kind:12} {card.name}: {card.paper}"


def card_of(name: str) -> Card:
    """The card of a method, without what a training adds to it."""
    if name in METHODS:
        return METHODS[name].card
    if name == GATYS:
        from baselines.methods.gatys import CARD

        return CARD
    return trained(name).card


def trained_names(name: str) -> tuple[str, ...]:
    """The methods of that name that learn; ParticipantError ``baseline.closed_form`` if none."""
    found = tuple(each for each in names_of(name) if each in TRAINED)
    if not found:
        raise ParticipantError(
            "baseline.closed_form",
            f"{name} has nothing to learn; run `python -m baselines export {name}`.",
        )
    return found


def ready_names(
    name: str, runs: Path, *, preset: str, config: Path | None, tell: Callable[[str], None]
) -> tuple[str, ...]:
    """The methods of that name; of ``all``, those that nothing has to be trained or fetched for.

    ``tell`` hears a line for each that is left out. ``shipped`` are those that need nothing beside
    the package.
    """
    if name == "shipped":
        return tuple(n for n in names_of("all") if n in METHODS or is_shipped(n))
    if name != "all":
        return names_of(name)
    return ready_among(NAMES, runs, preset=preset, config=config, tell=tell)


def ready_among(
    names: Iterable[str],
    runs: Path,
    *,
    preset: str,
    config: Path | None,
    tell: Callable[[str], None],
) -> tuple[str, ...]:
    """Those of ``names`` that nothing has to be trained or fetched for; as ``ready_names``."""
    settings = _gatys_settings(preset, config)
    lacks = {name: _lack(name, runs, settings) for name in names}
    for each, lack in lacks.items():
        if lack:
            tell(f"{each} is left out: {lack}")
    return tuple(each for each, lack in lacks.items() if not lack)


def _lack(name: str, runs: Path, settings: GatysSettings) -> str:
    """Why a method cannot be exported yet; empty if it can."""
    from baselines.methods.gatys import require_vgg

    try:
        if name == GATYS:
            require_vgg(settings)
        elif name in TRAINED:
            weights_of(name, runs)
    except ParticipantError as refusal:
        return str(refusal)
    return ""


def require_settings(names: Iterable[str], preset: str, config: Path | None) -> None:
    """Refuse a file of settings that one of the methods does not have, before any is trained.

    Raises ParticipantError ``baseline.config``, which names the method.
    """
    for name in names:
        try:
            if name == GATYS:
                _gatys_settings(preset, config)
            elif name in TRAINED:
                _settings_of(name, preset, config)
        except ParticipantError as refusal:
            raise ParticipantError(refusal.code, f"{name}: {refusal}") from refusal


def _settings_of(name: str, preset: str, config: Path | None) -> Settings:
    from baselines.training.settings import chosen

    method = trained(name)
    return chosen(method.presets, preset, config, ignored=method.ignores)


def _gatys_settings(preset: str, config: Path | None) -> GatysSettings:
    from baselines.methods.gatys import PRESETS
    from baselines.training.settings import chosen

    return chosen(PRESETS, preset, config)


def runs_for(name: str, runs: Path) -> Path:
    """Where weights are looked for before those of the package."""
    return SHIPPED if name == "shipped" else runs


def train_method(name: str, plan: Plan, runs: Path) -> Path:
    """Train with a progress bar and return the weights' file.

    Raises ParticipantError ``baseline.config`` for a budget that is none, ``baseline.style`` where
    a style has to be named, and what ``train`` raises. At Ctrl-C it says what becomes of it.
    """
    from baselines.training.loop import train
    from baselines.training.settings import refused
    from evaluator.backbones.loading import find_device
    from evaluator.commands.console import steps
    from evaluator.evaluate import find_dataset

    method, settings = trained(name), _settings_of(name, plan.preset, plan.config)
    settings = replace(settings, style=plan.style or settings.style)
    find_device(plan.device)
    if not plan.minutes > 0:
        raise refused(f"--minutes must be more than 0, not {plan.minutes:g}.")
    with _telling_what_is_kept(), steps(f"training {name}") as bar:
        data = find_dataset(
            plan.dataset,
            on_painted=lambda done, total: bar.count("painting the demo dataset", done, total),
        )
        if method.of_one_style and not settings.style:
            settings = replace(settings, style=_first_style(name, data, plan))
        return train(
            method,
            data,
            runs / run_name(name, settings.style),
            settings=settings,
            preset=plan.preset,
            device=plan.device,
            minutes=plan.minutes,
            tell=lambda done, total: bar.count(f"training {name}", done, total),
            heard=_say_that_the_step_ends,
        )


def _say_that_the_step_ends() -> None:
    """In a signal handler: past stderr and its progress bar, whose locks may be held."""
    os.write(2, b"\nending the step; Ctrl-C again stops at once\n")


@contextmanager
def _telling_what_is_kept() -> Iterator[None]:
    from baselines.training.interrupts import Kept
    from evaluator.commands.console import aside

    try:
        yield
    except Kept as kept:
        steps = "1 step" if kept.steps == 1 else f"{kept.steps} steps"
        said = f"kept {steps} in {kept.folder}; the same command goes on"
        aside().print(said, markup=False, soft_wrap=True)
        raise


def _first_style(name: str, dataset: Dataset, plan: Plan) -> str:
    styles = [picture.id for picture in dataset.style]
    if not plan.any_style:
        raise ParticipantError(
            "baseline.style",
            f"{name} learns one style: name it by --style; the dataset {dataset.name} has "
            f"{', '.join(styles[:12])}.",
        )
    return styles[0]


def export_entries(
    name: str, out: Path, runs: Path, *, preset: str, config: Path | None
) -> list[Path]:
    """Write the entries of a method (several, if it has runs for several styles)."""
    if name in METHODS:
        from baselines.export import export_method

        return [export_method(METHODS[name], out)]
    if name == GATYS:
        from baselines.methods import gatys

        settings = _gatys_settings(preset, config)
        return [gatys.export_gatys(out, settings=settings, preset=preset)]
    weights = weights_of(name, runs)
    from baselines.export_trained import export_trained

    return [export_trained(path, out) for path in weights]


def check_entries(
    name: str, out: Path, runs: Path, *, preset: str, config: Path | None
) -> list[str]:
    """Open and run what was exported; a line for each archive."""
    if name in METHODS:
        from baselines.parity import check_method

        method = METHODS[name]
        difference = check_method(method, out / f"{name}.zip")
        return [f"{name}: largest difference {difference:.2g} of {method.tolerance:.2g}"]
    if name == GATYS:
        from baselines.methods import gatys

        settings = _gatys_settings(preset, config)
        left = gatys.check_gatys(out / f"{name}.zip", settings=settings)
        return [f"{name}: leaves {left:.2g} of the content's loss"]
    from baselines.export_trained import check_trained
    from baselines.parity import not_exported

    if not [*out.glob(f"{name}.zip"), *out.glob(f"{name}.*.zip")]:
        raise not_exported(out / f"{name}.zip")
    weights = weights_of(name, runs)
    tolerance = trained(name).tolerance
    return [
        f"{name}: largest difference {check_trained(path, out):.2g} of {tolerance:.2g}"
        for path in weights
    ]
