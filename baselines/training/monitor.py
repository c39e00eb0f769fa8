"""Watching for mode collapse: recall and coverage of what is painted against what is learnt from.

The metrics are the evaluator's own. Both fall when a generator gives many contents one texture:
recall (Kynkäänniemi et al. 2019) is the share of the works that lie within the manifold of the
outputs, coverage (Naeem et al. 2020) the share of the works that have an output nearby.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.features import FeatureNetwork
from baselines.networks.statistics import moments
from evaluator.metrics.density_coverage import coverage
from evaluator.metrics.precision_recall import recall

__all__ = ["NEIGHBOURS", "collapse", "style_rows"]

NEIGHBOURS = 3
AT_ONCE = 16  # pictures that features are taken of

Rows = NDArray[np.float32]


def collapse(
    network: FeatureNetwork, outputs: Tensor, works: Tensor, *, k: int = NEIGHBOURS
) -> dict[str, float]:
    """``recall`` and ``coverage``, each in 0..1, of pictures [N, 3, H, W]; N > ``k``."""
    rows, reference = style_rows(network, outputs, works)
    return {
        "recall": recall(rows, reference, k=k),
        "coverage": coverage(rows, reference, k=k),
    }


def style_rows(network: FeatureNetwork, outputs: Tensor, works: Tensor) -> tuple[Rows, Rows]:
    """Means and deviations of every layer's features, [N, d] each; every layer weighs the same.

    Its scale is that of the works.
    """
    found, reference = (_statistics(network, pictures) for pictures in (outputs, works))
    scales = {layer: x.square().mean().sqrt().clamp(min=1e-8) for layer, x in reference.items()}
    rows = [
        torch.cat([each[layer] / scales[layer] for layer in sorted(each)], dim=1).cpu().numpy()
        for each in (found, reference)
    ]
    return rows[0], rows[1]


def _statistics(network: FeatureNetwork, pictures: Tensor) -> dict[str, Tensor]:
    parts: dict[str, list[Tensor]] = {}
    with torch.no_grad():
        for some in torch.split(pictures, AT_ONCE):
            for layer, x in network(some).items():
                parts.setdefault(layer, []).append(torch.cat(moments(x.float()), dim=1).flatten(1))
    return {layer: torch.cat(found) for layer, found in parts.items()}
