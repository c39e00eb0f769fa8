"""(1 + LPIPS) · (1 + FID): content kept and style reached in one number.

The form of Wright and Ommer 2022, "ArtFID: quantitative evaluation of neural style transfer"
(GCPR), eq. 1. Departure, and why it does not bear that name here: ArtFID's FID rests on an
Inception trained on their collection of art; this one takes the LPIPS and FID of the protocol.
"""

from dataclasses import dataclass

__all__ = ["LpipsFidMeasure", "lpips_fid"]


def lpips_fid(lpips: float, fid: float) -> float:
    """(1 + LPIPS) · (1 + FID). In [1, ∞)."""
    return (1 + lpips) * (1 + fid)


@dataclass(frozen=True, slots=True)
class LpipsFidMeasure:
    """The composite from a finished mean LPIPS, of one of its networks, and FID."""

    network: str

    @property
    def parts(self) -> tuple[str, ...]:
        return (f"lpips_{self.network}", "fid")

    def value(self, parts: tuple[float, ...]) -> float:
        lpips, fid = parts
        return lpips_fid(lpips, fid)
