"""Where trained weights lie: in runs of one's own, or shipped with the package.

Light: no torch.
"""

from __future__ import annotations

from pathlib import Path

from baselines.registry import TRAINED
from evaluator.errors import ParticipantError

__all__ = ["SHIPPED", "WEIGHTS_FILE", "has_weights", "is_shipped", "run_name", "weights_of"]

WEIGHTS_FILE = "weights.safetensors"
SHIPPED = Path(__file__).resolve().parent / "weights"


def run_name(method: str, style: str) -> str:
    """The name of a run, its folder and its archive: METHOD, or METHOD.STYLE for one style."""
    return f"{method}.{style}" if style else method


def weights_of(name: str, runs: Path) -> list[Path]:
    """The weights of a method's runs in ``runs``, else the shipped ones.

    Raises ParticipantError ``baseline.untrained`` if there are none.
    """
    found = _weights(name, runs)
    if not found:
        raise ParticipantError(
            "baseline.untrained",
            f"{name} has no weights in {runs} and none ship with StyleArena; run "
            f"`python -m baselines train {name}` first.",
        )
    return found


def has_weights(name: str, runs: Path) -> bool:
    """Whether a method that learns was trained in ``runs``, or ships."""
    return bool(_weights(name, runs))


def is_shipped(name: str) -> bool:
    """Whether its weights are in the package."""
    return name in TRAINED and bool(_shipped(name))


def _weights(name: str, runs: Path) -> list[Path]:
    folders = [runs / name, *sorted(runs.glob(f"{name}.*"))]
    own = [folder / WEIGHTS_FILE for folder in folders]
    if any(path.is_file() for path in own):
        return [path for path in own if path.is_file()]
    return _shipped(name)


def _shipped(name: str) -> list[Path]:
    shipped = [SHIPPED / f"{name}.safetensors", *sorted(SHIPPED.glob(f"{name}.*.safetensors"))]
    return list(dict.fromkeys(path for path in shipped if path.is_file()))
