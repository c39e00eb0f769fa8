"""The version of a phase's board: another whenever what stands on it changes.

Who changes which scores stand says so here, in the same transaction; who draws boards may keep what
was drawn as long as the version is the same.
"""

import uuid

from stylearena.competitions.models import Phase

__all__ = ["board_changed", "hold_board"]


def hold_board(phase_id: int) -> Phase:
    """The phase, its row locked for the rest of the transaction.

    Taken before it is decided which of an entry's evaluations stands, so that of two who decide at
    once the later sees what the earlier did. Submissions may refer to the phase meanwhile.
    """
    return Phase.objects.select_for_update(no_key=True).get(pk=phase_id)


def board_changed(phase_id: int) -> None:
    """Give the phase's board a new version. Call it last in the transaction: it locks the phase."""
    Phase.objects.filter(pk=phase_id).update(board_version=uuid.uuid4())
