"""What changes competitions, in one place: datasets made known, phases frozen, folders imported."""

from stylearena.competitions.boards import board_changed, hold_board
from stylearena.competitions.datasets import folder_of, load, register_dataset
from stylearena.competitions.freezing import (
    FROZEN_FIELDS,
    freeze,
    freeze_opened,
    is_frozen,
    publish,
    unpublish,
)
from stylearena.competitions.importing import import_competition
from stylearena.competitions.measuring import require_measurable
from stylearena.competitions.publicity import require_publishable, require_showable
from stylearena.competitions.windows import closable, close_now, open_now

__all__ = [
    "FROZEN_FIELDS",
    "board_changed",
    "closable",
    "close_now",
    "folder_of",
    "freeze",
    "freeze_opened",
    "hold_board",
    "import_competition",
    "is_frozen",
    "load",
    "open_now",
    "publish",
    "register_dataset",
    "require_measurable",
    "require_publishable",
    "require_showable",
    "unpublish",
]
