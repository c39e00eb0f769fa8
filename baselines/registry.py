"""Every method by name, in the order in which they are listed.

Light: methods that learn are known by their modules here, and load torch when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from baselines.method import Method
from baselines.methods import identity, reinhard, sliced_transport, style_copy
from evaluator.errors import ParticipantError

if TYPE_CHECKING:
    from baselines.training.task import Trained

__all__ = ["GATYS", "METHODS", "NAMES", "TRAINED", "find", "names_of", "trained"]

METHODS: dict[str, Method] = {
    module.METHOD.name: module.METHOD
    for module in (identity, style_copy, reinhard, sliced_transport)
}
"""The closed-form ones."""

GATYS = "gatys"

TRAINED: dict[str, str] = {
    "johnson": "johnson",
    "johnson-all": "johnson_all",
    "adain": "adain",
    "wct": "wct",
    "gan": "gan",
    "wgan-gp": "wgan_gp",
    "cyclegan": "cyclegan",
    "fastcut": "fastcut",
    "dcgan": "dcgan",
    "stylegan2": "stylegan2",
    "student": "student",
}
"""Name → module in ``baselines.methods``."""

NAMES = (*METHODS, GATYS, *TRAINED)


def find(name: str) -> tuple[Method, ...]:
    """The closed-form method of that name, or every one for ``all``; otherwise as ``names_of``."""
    return tuple(METHODS[each] for each in names_of(name) if each in METHODS)


def names_of(name: str) -> tuple[str, ...]:
    """That name, or every one for ``all``; ParticipantError ``baseline.unknown``."""
    if name == "all":
        return NAMES
    if name not in NAMES:
        raise ParticipantError(
            "baseline.unknown",
            f"There is no baseline {name!r}; known are {', '.join(NAMES)}, and all.",
        )
    return (name,)


def trained(name: str) -> Trained:
    """The method that learns, of that name; loads torch."""
    method: Trained = import_module(f"baselines.methods.{TRAINED[name]}").METHOD
    return method
