"""From feature rows to the Fréchet distance as each peer's own code takes them, statistics too."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["PEERS", "pytorch_fid"]

Floats = NDArray[np.float64]


def _moments(rows: Floats) -> tuple[Floats, Floats]:
    return rows.mean(axis=0), np.cov(rows, rowvar=False)


def pytorch_fid(a: Floats, b: Floats) -> float:
    """By scipy's sqrtm of the product."""
    from pytorch_fid.fid_score import calculate_frechet_distance

    return float(calculate_frechet_distance(*_moments(a), *_moments(b)))


def clean_fid(a: Floats, b: Floats) -> float:
    """Likewise."""
    from cleanfid.fid import frechet_distance

    return float(frechet_distance(*_moments(a), *_moments(b)))


def torch_fidelity(a: Floats, b: Floats) -> float:
    """By the eigenvalues of the product."""
    from torch_fidelity import metric_fid

    moments = [dict(zip(("mu", "sigma"), _moments(rows), strict=True)) for rows in (a, b)]
    found = metric_fid.fid_statistics_to_metric(*moments, verbose=False)
    return float(found[metric_fid.KEY_METRIC_FID])


def torchmetrics(a: Floats, b: Floats) -> float:
    """By running sums, then eigenvalues; its network is one that passes features through."""
    import torch
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Through(torch.nn.Module):
        num_features = a.shape[1]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    metric = FrechetInceptionDistance(feature=Through()).set_dtype(torch.float64)
    for rows, real in ((a, False), (b, True)):
        metric.update(torch.from_numpy(rows), real=real)
    return float(metric.compute())


PEERS: Mapping[str, Callable[[Floats, Floats], float]] = MappingProxyType(
    {
        "pytorch-fid": pytorch_fid,
        "clean-fid": clean_fid,
        "torch-fidelity": torch_fidelity,
        "torchmetrics": torchmetrics,
    }
)
