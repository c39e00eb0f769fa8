"""How a method is trained: frozen settings, three presets, and what a TOML file changes in them.

Light: no torch, so that a misspelt key is refused before anything is loaded.
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from evaluator.errors import ParticipantError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = [
    "COMPACT_FEATURES",
    "FIRST_FEATURES",
    "PERCEPTUAL",
    "PRESETS",
    "SMOKE_FEATURES",
    "Settings",
    "chosen",
    "overridden",
    "refused",
]

PRESETS = ("smoke", "cpu", "gpu")
SMOKE_FEATURES = "seeded-vgg19-quarter"
COMPACT_FEATURES = "compact-vgg"  # imitates VGG's, at a tenth of the time
PRECISIONS = ("float32", "bfloat16")
FIRST_FEATURES = frozenset({"first_features", "first_share"})
PERCEPTUAL = FIRST_FEATURES | {
    "features",
    "content_layer",
    "style_layers",
    "content_weight",
    "style_weight",
}
STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every method has to be told; methods add their own by inheritance.

    ``load``: pictures are decoded to that square; batches are crops of between ``crop`` and
    ``load``, scaled to ``crop``. ``style``: the id of a style picture or the name of a family, to
    learn only that; empty for all. ``references``: learn the reference works too, beside styles.
    ``muon``: Muon's rate for matrices, of which ``rate`` is Adam's for the rest; 0 for Adam alone.
    ``decay``: over that last part of the steps the rates fall to nothing, as CycleGAN's do.
    ``average``: decay of the running mean of the weights that is exported; 0 for none.
    ``features`` is a name for ``baselines.features``; the first ``first_share`` of the steps learn
    from ``first_features``, which may be quicker. ``precision``: "float32", or "bfloat16" for
    mixed precision. ``keep_every``, ``grid_every``, ``monitor_every`` are steps; 0 for never.

    ``LEAST`` bounds the numbers that may not be 0; the others may, and none may be less. Methods
    add theirs to it.
    """

    LEAST: ClassVar[Mapping[str, int]] = {
        "steps": 1,
        "batch": 1,
        "crop": 32,
        "load": 32,
        "width": 1,
        "log_every": 1,
    }

    steps: int
    batch: int
    crop: int
    load: int
    width: int
    rate: float = 1e-3
    muon: float = 0.0
    decay: float = 0.5
    seed: int = 7
    style: str = ""
    references: bool = False
    average: float = 0.99
    features: str = "vgg19-torchvision"
    first_features: str = ""
    first_share: float = 0.0
    content_layer: str = "conv4_1"
    style_layers: tuple[str, ...] = STYLE_LAYERS
    content_weight: float = 1.0
    style_weight: float = 1.0
    precision: str = "float32"
    log_every: int = 10
    keep_every: int = 100
    grid_every: int = 200
    monitor_every: int = 0

    def __post_init__(self) -> None:
        """Raise ParticipantError ``baseline.config`` for values that nothing could learn with."""
        if self.first_share > 0 and not self.first_features:
            raise refused("first_share needs first_features; name them, or leave both out.")
        if self.precision not in PRECISIONS:
            raise refused(f"precision must be one of {', '.join(PRECISIONS)}.")
        for name in ("decay", "first_share", "average"):
            if not 0 <= getattr(self, name) <= 1:
                raise refused(f"{name} is a share: it must be between 0 and 1.")
        for name, value in asdict(self).items():
            _require_usable(name, value, self.LEAST.get(name, 0))
        if not self.seed < 2**63:
            raise refused("seed must be between 0 and 2⁶³ − 1.")


def _require_usable(name: str, value: object, least: int) -> None:
    """Numbers are ``least`` or more and finite (TOML knows nan and inf); lists are not empty."""
    if value == ():
        raise refused(f"{name} is an empty list: name at least one, or leave it out.")
    if isinstance(value, int | float) and not least <= value < math.inf:
        finite = "finite and " if isinstance(value, float) else ""
        raise refused(f"{name} must be {finite}{least} or more, not {value}; mend it.")


S = TypeVar("S", bound="DataclassInstance")


def chosen(
    presets: Mapping[str, S],
    preset: str,
    config: Path | None = None,
    *,
    ignored: frozenset[str] = frozenset(),
) -> S:
    """A preset, with what the TOML file ``config`` changes, which may name none of ``ignored``.

    Raises ParticipantError ``baseline.preset`` or ``baseline.config``.
    """
    if preset not in presets:
        raise ParticipantError(
            "baseline.preset",
            f"There is no preset {preset!r}; choose {', '.join(presets)}.",
        )
    if config is None:
        return presets[preset]
    try:
        values = tomllib.loads(config.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise refused(f"{config} cannot be read as TOML ({error}); mend it.") from error
    if useless := sorted(ignored & values.keys()):
        raise refused(f"This method has no use for {', '.join(useless)}; take it out of {config}.")
    return overridden(presets[preset], values)


def overridden(settings: S, values: Mapping[str, object]) -> S:
    """``settings`` with ``values`` in place of what they name; ParticipantError otherwise."""
    known = {field.name: getattr(settings, field.name) for field in fields(settings)}
    changes = {key: _checked(key, value, known) for key, value in values.items()}
    return replace(settings, **changes)


def _checked(key: str, value: object, known: Mapping[str, object]) -> object:
    if key not in known:
        close = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}."
        raise refused(f"There is no setting {key!r}; {hint}")
    current = known[key]
    if isinstance(current, float) and type(value) is int:
        value = float(value)
    if isinstance(current, tuple) and isinstance(value, list):
        value = tuple(value)
    if isinstance(current, tuple) and isinstance(value, tuple):
        value = tuple(_element(key, each, current) for each in value)
    if type(value) is not type(current):
        wanted = "a list" if isinstance(current, tuple) else f"a {type(current).__name__}"
        raise refused(f"The setting {key} must be {wanted}, such as {current!r}; mend it.")
    return value


def _element(key: str, value: object, known: tuple[object, ...]) -> object:
    """An element of a list; whole numbers do where others are meant."""
    wanted = type(known[0])
    value = float(value) if wanted is float and type(value) is int else value
    if type(value) is not wanted:
        raise refused(f"The setting {key} must hold a {wanted.__name__} each; mend {value!r}.")
    return value


def refused(sentence: str) -> ParticipantError:
    """A mistake in the settings, code ``baseline.config``."""
    return ParticipantError("baseline.config", sentence)
