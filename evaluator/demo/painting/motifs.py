"""The table of compositions that a family may choose from."""

from collections.abc import Callable

from evaluator.demo.painting import arrangements, landscapes
from evaluator.demo.painting.scene import Scene

__all__ = ["MOTIFS", "Motif"]

Motif = Callable[[Scene], None]

MOTIFS: dict[str, Motif] = {
    "hills": landscapes.hills,
    "lake": landscapes.lake,
    "sea": landscapes.sea,
    "village": landscapes.village,
    "grove": landscapes.grove,
    "pond": landscapes.pond,
    "still_life": arrangements.still_life,
    "orbits": arrangements.orbits,
}
