"""Exports methods in closed form as entry archives: an ONNX graph and a card, in stable bytes."""

from pathlib import Path

from baselines.method import Method
from baselines.parity import compared_entry

__all__ = ["export_method"]


def export_method(method: Method, folder: Path) -> Path:
    """Write ``folder/NAME.zip``, whose card tells how near its reference it is; return its path.

    Raises ParticipantError ``baseline.parity`` if the graph is not what torch computes.
    """
    return compared_entry(
        method.model(),
        method.card,
        folder / f"{method.name}.zip",
        reference=method.reference,
        takes_style=True,
        tolerance=method.tolerance,
    )
