"""What CompactInception learns: to see, block by block, what Inception sees of a smaller picture.

A lesson is a handful of pictures that were never shown before (``augmenting``) and what the teacher
says of each of its blocks, place by place: "hints", Romero et al. 2015. The teacher looks at 203²
instead of 299²: that takes it half the time and orders methods nearly as it does at full size. At
first each stage learns for itself what its block adds to the block before, and hears little of what
comes after: a shallow task, quickly learned (Li et al. 2020, "Blockwisely supervised neural
architecture search with knowledge distillation"); then all learn together. Of as few pictures as
boards have, FID tells first how unlike one another a method's pictures are, and squared errors
alone make those of unknown methods alike: so distances are learned beside them, and each axis of
the rows is given the variance that the teacher has there, which FID is about and which a network
that learns by squared errors falls short of where it is unsure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional as F

from evaluator.compact.augmenting import augmented
from evaluator.compact.inception_network import BLOCKS, DEEP, FID_DIMS, CompactInception
from evaluator.compact.storing import packed
from evaluator.compact.tasks import Arrays, Batch, Pictures, log_gap
from evaluator.compact.teachers import BLOCK_CHANNELS, INCEPTION_DIMS
from evaluator.frechet import frechet_distance

__all__ = ["BlockTeacher", "InceptionTask"]

WEIGHTS = {"pool_2": 0.3, "mixed_6e": 1.5, "pooled": 2.0, "means": 1.0}
WEIGHTS |= {"distances": 0.2, "products": 0.2}
USUAL_WEIGHT = 0.5  # of the other blocks
FLOOR = 0.02  # of the usual squared distance
LOOKED_AT = 32  # units that means and spreads are taken from
AXES_OF = 1600  # and the rows' axes, each eighth of them for a check
NOTHING = 1e-6  # of the widest axis: there are fewer pictures than axes
TOGETHER = 0.75  # of the training, before which stages hear little of one another
HEARD = 0.2  # until then

BlockTeacher = Callable[[Tensor], list[Tensor]]
"""Pictures float32 [N, H, W, 3] in 0..255 to a map [N, C, h, w], as large as the network's, for
each of ``BLOCKS``."""


class _Learning(nn.Module):
    """The network, and heads that say the teacher's features, for training only."""

    def __init__(self) -> None:
        super().__init__()
        self.inception = CompactInception()
        self.hints = nn.ModuleDict(
            {name: nn.Conv2d(ours, BLOCK_CHANNELS[name], 1) for name, ours in BLOCKS.items()}
        )
        self.pooled = nn.Linear(DEEP, INCEPTION_DIMS)

    def forward(
        self, pictures: Tensor, *, together: bool = True
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Block → map, and pooled features [N, INCEPTION_DIMS], both less the teacher's means."""
        blocks = self.inception.blocks(pictures, heard=1.0 if together else HEARD)
        maps = {name: self.hints[name](x) for name, x in zip(BLOCKS, blocks, strict=True)}
        last = blocks[-1] if together else blocks[-1].detach()
        return maps, self.pooled(last.mean(dim=(2, 3)))


class InceptionTask:
    """CompactInception: every block's map, the pooled features and how far apart they are."""

    keys = ("pooled",)

    def __init__(self, teacher: BlockTeacher) -> None:
        self.network = _Learning()
        self.trunk = self.network.inception
        self._teacher = teacher

    def start(self, groups: Pictures, targets: Sequence[Arrays]) -> None:
        """Means and variances of what the teacher says; ``targets`` are not needed."""
        looked = [self._said(augmented(groups[i])) for i in _spread(len(groups), LOOKED_AT)]
        self._shown = [groups[i] for i in _spread(len(groups), AXES_OF)]
        told = [self._said(torch.from_numpy(np.array(unit)).float()) for unit in self._shown]
        self._told = torch.stack([each["pooled"][:, :, 0, 0] for each in told])
        self._means: dict[str, Tensor] = {}
        self._spreads: dict[str, float] = {}
        for name in looked[0]:
            x = torch.cat([each[name] for each in looked])
            self._means[name] = x.mean(dim=(0, 2, 3))
            self._spreads[name] = float(x.var(dim=(0, 2, 3)).sum())

    def ready(self, batch: Batch) -> Batch:
        """The pictures changed, float32 [G, n, H, W, 3], and all that the teacher says of them."""
        pictures = torch.stack([augmented(unit) for unit in batch.pictures])
        return Batch(pictures.numpy(), self._said(pictures.flatten(0, 1)), batch.done)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        pictures, said = torch.from_numpy(batch.pictures).flatten(0, 1), batch.targets
        together = batch.done >= TOGETHER
        with torch.autocast("cpu", torch.bfloat16):  # half as long where processors have it
            maps, pooled = self.network(pictures, together=together)
        found = {name: self._map_gap(name, maps[name].float(), said[name]) for name in BLOCKS}
        wanted = said["pooled"][:, :, 0, 0] - self._means["pooled"]
        ours, usual = pooled.float(), (2 * self._spreads["pooled"]) ** 0.5
        gaps = ours - wanted
        found["pooled"] = gaps.square().sum(1).mean() / self._spreads["pooled"]
        if together:
            of_units = gaps.unflatten(0, batch.pictures.shape[:2]).mean(1)
            found["means"] = of_units.square().sum(1).mean() / self._spreads["pooled"]
            found["distances"] = _distance_gap(ours / usual, wanted / usual)
            found["products"] = _product_gap(ours, wanted)
        return {name: WEIGHTS.get(name, USUAL_WEIGHT) * loss for name, loss in found.items()}

    def checked(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Of sets by method, and of the paintings, which are last: Spearman's ρ of FID to these,
        and of the distances between pictures of a set."""
        weight, bias = self._head(every=8)
        ours, theirs = [], []
        for batch in batches:
            rows = F.linear(self._deep(batch.pictures[0]), weight, bias)
            ours.append(rows.double())
            theirs.append(batch.targets["pooled"][0].double())
        fid = ([_fid(rows, sets[-1]) for rows in sets[:-1]] for sets in (ours, theirs))
        apart = (torch.cat([torch.pdist(rows) for rows in sets]) for sets in (ours, theirs))
        return {
            "rho fid": round(float(spearmanr(*fid).statistic), 4),
            "rho distances": round(float(spearmanr(*apart).statistic), 4),
        }

    def finished(self) -> dict[str, Tensor]:
        """The network without the heads for training, its own head the pooled features' axes."""
        weight, bias = self._head()
        state: Mapping[str, Tensor] = self.trunk.state_dict()
        return packed({**state, "head.weight": weight, "head.bias": bias})

    def _head(self, *, every: int = 1) -> tuple[Tensor, Tensor]:
        """[FID_DIMS, DEEP] and [FID_DIMS]: the pooled features as the network says them, on their
        main axes, each as wide as what the teacher says there."""
        head = self.network.pooled
        with torch.inference_mode():
            said = torch.cat([head(self._deep(unit)) for unit in self._shown[::every]]).double()
            told = self._told[::every].flatten(0, 1).double()
            axes = torch.linalg.eigh(torch.cov(said.T)).eigenvectors[:, -FID_DIMS:]
            ours, theirs = ((rows @ axes).std(0) for rows in (said, told))
            there = ours > NOTHING * ours.max()
            scaled = (axes * torch.where(there, theirs / ours, 0)).float()
            return scaled.T @ head.weight, scaled.T @ head.bias

    def _deep(self, pictures: NDArray[np.uint8]) -> Tensor:
        """The last block's means [N, DEEP] of pictures as they are."""
        last = self.trunk.blocks(torch.from_numpy(np.array(pictures)))[-1]
        return last.mean(dim=(2, 3))

    def _said(self, pictures: Tensor) -> dict[str, Tensor]:
        """Block → the teacher's map, and "pooled" [N, C, 1, 1]."""
        maps = dict(zip(BLOCKS, self._teacher(pictures), strict=True))
        return maps | {"pooled": maps["mixed_6e"].mean(dim=(2, 3), keepdim=True)}

    def _map_gap(self, name: str, ours: Tensor, theirs: Tensor) -> Tensor:
        """Relative to what is lost by saying the same everywhere."""
        gap = ours + self._means[name][:, None, None] - theirs
        return gap.square().sum(1).mean() / self._spreads[name]


def _spread(count: int, wanted: int) -> range:
    """About so many of ``count`` numbers, at equal distances."""
    return range(0, count, max(1, count // wanted))


def _distance_gap(ours: Tensor, theirs: Tensor) -> Tensor:
    """Of the logarithms of squared distances between all rows [n, …]."""
    first, second = torch.triu_indices(len(ours), len(ours), 1)
    apart = [(x[first] - x[second]).square().sum(1) for x in (ours, theirs)]
    return log_gap(apart[0], apart[1], FLOOR)


def _product_gap(ours: Tensor, theirs: Tensor) -> Tensor:
    """Of the products of centred rows, relative to the teacher's."""
    centred = [x - x.mean(dim=0) for x in (ours, theirs)]
    products = [x @ x.T for x in centred]
    return (products[0] - products[1]).square().sum() / products[1].square().sum()


def _fid(rows: Tensor, reference: Tensor) -> float:
    return frechet_distance(rows.numpy(), reference.numpy())
