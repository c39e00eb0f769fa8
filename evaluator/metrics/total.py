"""Total loss: content and style loss, weighed against each other.

Gatys, Ecker and Bethge 2016, "Image style transfer using convolutional neural networks" (CVPR),
eq. 7. No departure; a composite by definition.
"""

from dataclasses import dataclass

__all__ = ["TotalMeasure", "total_loss"]


def total_loss(content: float, style: float, *, alpha: float, beta: float) -> float:
    """α · content loss + β · style loss. In [0, ∞)."""
    return alpha * content + beta * style


@dataclass(frozen=True, slots=True)
class TotalMeasure:
    """The total under a protocol's α and β."""

    alpha: float
    beta: float

    def value(self, content: float, style: float) -> float:
        return total_loss(content, style, alpha=self.alpha, beta=self.beta)
