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

__all__ = ["NEIGHBOURS", "collapse"]

NEIGHBOURS = 3


def collapse(network: FeatureNetwork, outputs: Tensor, works: Tensor) -> dict[str, float]:
    """``recall`` and ``coverage``, each in 0..1, of pictures [N, 3, H, W]; N > ``NEIGHBOURS``."""
    rows, reference = _rows(network, outputs), _rows(network, works)
    return {
        "recall": recall(rows, reference, k=NEIGHBOURS),
        "coverage": coverage(rows, reference, k=NEIGHBOURS),
    }


def _rows(network: FeatureNetwork, pictures: Tensor) -> NDArray[np.float32]:
    """Means and deviations of every layer's features, each layer of the same weight."""
    with torch.no_grad():
        found = network(pictures)
    parts = []
    for layer in sorted(found):
        both = torch.cat(moments(found[layer].float()), dim=1).flatten(1)
        parts.append(both / both.square().mean().sqrt().clamp(min=1e-8))
    rows: NDArray[np.float32] = torch.cat(parts, dim=1).cpu().numpy()
    return rows
