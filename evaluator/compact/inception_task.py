"""What CompactInception learns: how far apart Mixed_6e says that pictures are.

FID is a function of the products of rows with one another, not of their axes; and of as few
pictures as boards have, it tells first how unlike one another a method's pictures are. A network
that learns the teacher's features by their squared error says the mean wherever it does not know,
and so makes unknown methods' pictures alike. Distances leave it free which of its own features say
what is unlike.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional as F

from evaluator.compact.networks import DEEP, CompactInception
from evaluator.compact.targets import COARSE
from evaluator.compact.tasks import Arrays, Batch, log_gap
from evaluator.frechet import frechet_distance

__all__ = ["InceptionTask"]

WEIGHTS = {"distances": 1.0, "products": 2.0, "means": 0.5, "grid": 0.3}
WITHIN = 3.0  # what a distance within a set weighs: there are few of them, and FID is about them
FLOOR = 0.02  # of the usual distance
GRID_AXES = 96

Rows = NDArray[np.float64]


class _Learning(nn.Module):
    """The network, and a head that says the teacher's features place by place, for training only.

    That is richer than distances are, and teaches the stages what to look at.
    """

    def __init__(self) -> None:
        super().__init__()
        self.inception = CompactInception()
        self.places = nn.Conv2d(DEEP, GRID_AXES, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Rows [N, FID_DIMS] and maps [N, GRID_AXES, h, w]."""
        deep = self.inception.deep(pictures)
        return self.inception.rows(deep), self.places(deep)


class InceptionTask:
    """CompactInception: distances and products of rows like the teacher's, in its own axes."""

    keys = ("pooled", "grid")

    def __init__(self) -> None:
        self.network = _Learning()
        self.trunk = self.network.inception

    def start(self, groups: NDArray[np.uint8], targets: Sequence[Arrays]) -> None:
        rows = torch.cat([t["pooled"] for t in targets]).double()
        values, axes = torch.linalg.eigh(torch.cov(rows.T))
        self._centre = rows.mean(dim=0).float()
        self._axes = axes[:, -GRID_AXES:].float()
        self._deviations = values[-GRID_AXES:].clamp(min=1e-12).sqrt().float()
        self._shares = self._deviations / self._deviations.mean()
        # Of two pictures taken at random the squared distance is twice the variance.
        self._usual = float((2 * values.sum()).sqrt())

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        count, size = batch.pictures.shape[:2]
        pictures, grid = _mirrored(
            torch.from_numpy(batch.pictures).flatten(0, 1), batch.targets["grid"].flatten(0, 1)
        )
        with torch.autocast("cpu", torch.bfloat16):  # half as long where processors have it
            rows, maps = self.network(pictures)
        ours = rows.float()
        theirs = batch.targets["pooled"].flatten(0, 1) / self._usual
        within = torch.arange(count).repeat_interleave(size)
        weights = 1 + (WITHIN - 1) * (within[:, None] == within[None]).float()
        means = [x.unflatten(0, (count, size)).mean(1) for x in (ours, theirs)]
        found = {
            "distances": _distance_gap(ours, theirs, weights),
            "products": _product_gap(ours, theirs),
            "means": _distance_gap(means[0], means[1], torch.ones(count, count)),
            "grid": self._grid_gap(maps.float(), grid),
        }
        return {name: WEIGHTS[name] * loss for name, loss in found.items()}

    def checked(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Of sets by method, and of the paintings, which are last: Spearman's ρ of FID to these,
        and of the distances between pictures of a set."""
        ours, theirs = [], []
        for batch in batches:
            ours.append(self.trunk(torch.from_numpy(batch.pictures[0])).double())
            theirs.append(batch.targets["pooled"][0].double())
        fid = ([_fid(rows, sets[-1]) for rows in sets[:-1]] for sets in (ours, theirs))
        apart = (torch.cat([torch.pdist(rows) for rows in sets]) for sets in (ours, theirs))
        return {
            "rho fid": round(float(spearmanr(*fid).statistic), 4),
            "rho distances": round(float(spearmanr(*apart).statistic), 4),
        }

    def finished(self) -> dict[str, Tensor]:
        """The network without the head for training, its rows at the teacher's scale."""
        state: Mapping[str, Tensor] = self.trunk.state_dict()
        scaled = {f"head.{x}": state[f"head.{x}"] * self._usual for x in ("weight", "bias")}
        return {**state, **scaled}

    def _grid_gap(self, ours: Tensor, theirs: Tensor) -> Tensor:
        """Relative to what is lost by saying the same everywhere; axes count by deviation."""
        found = F.adaptive_avg_pool2d(ours, COARSE).flatten(2)
        moved = theirs.float().flatten(2) - self._centre[:, None]
        wanted = torch.einsum("ncp,ck->nkp", moved, self._axes) / self._deviations[:, None]
        shares = self._shares[:, None]
        lost = (shares * (found - wanted).square()).mean()
        share: Tensor = lost / (shares * wanted.square()).mean()
        return share


def _mirrored(pictures: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    """Every other picture [N, H, W, 3] mirrored, and what the teacher says of its places.

    To Inception a mirrored picture is much the same. Pictures to learn from are few, and a network
    that can knows them by heart.
    """
    chosen = torch.rand(len(pictures)) < 0.5
    return (
        torch.where(chosen[:, None, None, None], pictures.flip(2), pictures),
        torch.where(chosen[:, None, None, None], grid.flip(3), grid),
    )


def _distance_gap(ours: Tensor, theirs: Tensor, weights: Tensor) -> Tensor:
    """Of the logarithms of squared distances between rows [n, …], weighted [n, n]."""
    first, second = torch.triu_indices(len(ours), len(ours), 1)
    apart = [(x[first] - x[second]).square().sum(1) for x in (ours, theirs)]
    gaps = log_gap(apart[0], apart[1], FLOOR, reduction="none")
    chosen = weights[first, second]
    return (chosen * gaps).sum() / chosen.sum()


def _product_gap(ours: Tensor, theirs: Tensor) -> Tensor:
    """Of the products of centred rows, relative to the teacher's."""
    centred = [x - x.mean(dim=0) for x in (ours, theirs)]
    products = [x @ x.T for x in centred]
    return (products[0] - products[1]).square().sum() / products[1].square().sum()


def _fid(rows: Tensor, reference: Tensor) -> float:
    return frechet_distance(rows.numpy(), reference.numpy())
