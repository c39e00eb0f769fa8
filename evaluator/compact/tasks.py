"""What each compact network learns: its targets, and how far it is from them.

A task's loss has two parts: features like the teacher's, and distances within a group of pictures
like the teacher's. The first is rich, the second is what the network is for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional as F

from evaluator.compact.groups import GROUP, PAIRS
from evaluator.compact.networks import (
    CHANNELS,
    LAYERS,
    CompactLpips,
    CompactVgg,
)
from evaluator.compact.storing import packed
from evaluator.compact.targets import CONTENT_LAYER, FINE, middle

__all__ = ["Arrays", "Batch", "LpipsTask", "Task", "VggTask", "log_gap"]

CAFFE_UNIT = 1 / 57
"""Caffe's inputs are deviations of 0..255, torchvision's of 0..1 over 0.225: 57 times smaller."""

TEACHER_CHANNELS = {"conv1_1": 64, "conv2_1": 128, "conv3_1": 256, "conv4_1": 512}
WEIGHTS = {"gram conv4_1": 1.0, "content": 0.5, "moves": 0.3, "gram moves": 0.3}
"""Of VggTask's losses; those not named here are of no account to the metrics."""

FITTED_EVERY = 3  # of the groups that heads are fitted to
HEAD_RIDGE = 1e-5

FIRST, SECOND = (torch.tensor(side) for side in zip(*PAIRS, strict=True))


Arrays = Mapping[str, Tensor]
Pictures = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
"""Groups, sets or other units of pictures, uint8 [n, H, W, 3] each."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Groups of pictures uint8 [G, GROUP, H, W, 3] and the targets of each by name.

    ``done``: the share of the training that lies behind, 0..1.
    """

    pictures: NDArray[np.uint8]
    targets: Mapping[str, Tensor]
    done: float = 0.0


class Task(Protocol):
    """A network in training; ``keys`` are the targets that it reads."""

    @property
    def network(self) -> nn.Module: ...

    @property
    def keys(self) -> tuple[str, ...]: ...

    @property
    def trunk(self) -> nn.Module:
        """The network without what it has for training only."""

    def start(self, groups: Pictures, targets: Sequence[Arrays]) -> None:
        """Look at all pictures or targets once: their mean, scale and axes."""

    def ready(self, batch: Batch) -> Batch:
        """What can be done before a step: in another thread, and all that draws random numbers."""

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Of a batch made ready."""

    def checked(self, batches: Iterable[Batch]) -> dict[str, float]:
        """How well pictures of no training are ordered: Spearman's ρ by what it is of."""

    def finished(self) -> dict[str, Tensor]:
        """The weights to ship as they are stored, in the units in which the network is used."""


@dataclass(frozen=True, slots=True)
class Standard:
    """Mean and deviation of each channel, [C].

    Networks learn standardised features: the real ones' scales differ by hundreds, and an optimiser
    that moves every weight by about the same step would take most of its time to find them.
    """

    mean: Tensor
    deviation: Tensor

    def standardised(self, x: Tensor) -> Tensor:
        """Features [N, C, h, w] with mean 0 and deviation 1."""
        return (x - self.mean[:, None, None]) / self.deviation[:, None, None]

    def undone(self, x: Tensor) -> Tensor:
        """Features [N, C, h, w] at the scale they have."""
        return x * self.deviation[:, None, None] + self.mean[:, None, None]

    def folded(self, state: Mapping[str, Tensor], head: str) -> dict[str, Tensor]:
        """The weights of the last convolution, ``head``, that gives features at their scale."""
        weight, bias = (state[f"{head}.{part}"] for part in ("weight", "bias"))
        return {
            f"{head}.weight": weight * self.deviation[:, None, None, None],
            f"{head}.bias": bias * self.deviation + self.mean,
        }


class VggTask:
    """CompactVgg: maps on the teacher's axes, Gram distances and content distances."""

    keys = (*LAYERS, *(f"gram {layer}" for layer in LAYERS), "content")

    def __init__(self) -> None:
        self.network = self.trunk = CompactVgg()
        self._scales: dict[str, Standard] = {}
        self._floor: dict[str, float] = {}

    def start(self, groups: Pictures, targets: Sequence[Arrays]) -> None:
        for layer in LAYERS:
            x = torch.cat([_in_units(t[layer].float(), layer) for t in targets[::4]])
            mean = x.mean(dim=(0, 2, 3))
            deviation = (x - mean[:, None, None]).square().mean(dim=(0, 2, 3)).sqrt()
            self._scales[layer] = Standard(mean, deviation)
            grams = torch.cat([t[f"gram {layer}"] for t in targets]) * CAFFE_UNIT**4
            self._floor[f"gram {layer}"] = 1e-2 * float(grams.median())
        contents = torch.cat([t["content"] for t in targets]) * CAFFE_UNIT**2
        self._floor["content"] = 1e-2 * float(contents.median())
        self._fit_heads(groups, targets)

    def _fit_heads(self, groups: Pictures, targets: Sequence[Arrays]) -> None:
        """Least squares on the trunk that there is: of a trained one, all but as good as training.

        A head is linear, and its axes are those of these pictures, not those it was trained on.
        """
        sums: dict[str, tuple[Tensor, Tensor]] = {}
        with torch.inference_mode():
            for index in range(0, len(groups), FITTED_EVERY):
                seen = self.network.trunk(middle(np.array(groups[index])))
                for layer, x in seen.items():
                    wanted = _in_units(targets[index][layer].float(), layer)
                    a = F.pad(_places(x), (0, 1), value=1.0)
                    b = _places(self._scales[layer].standardised(wanted))
                    gram, cross = sums.get(layer, (torch.zeros(()), torch.zeros(())))
                    sums[layer] = gram + a.T @ a, cross + a.T @ b
            for layer, (gram, cross) in sums.items():
                gram.diagonal().add_(HEAD_RIDGE * gram.diagonal().mean())
                solved = torch.linalg.solve(gram.double(), cross.double()).float().T
                head = cast("nn.Conv2d", self.network.heads[layer])
                head.weight.copy_(solved[:, :-1, None, None])
                cast("Tensor", head.bias).copy_(solved[:, -1])

    def ready(self, batch: Batch) -> Batch:
        return batch

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Everything that counts is decided at conv4_1: 99 % of the real style loss is its."""
        maps, kept = self._maps(batch)
        found: dict[str, Tensor] = {}
        for layer in LAYERS:
            spread = self._scales[layer].deviation.square().mean()
            gap = F.mse_loss(maps[layer], kept[layer]) / spread
            found[f"map {layer}"] = gap * (1.0 if layer == CONTENT_LAYER else 0.2)
        for name, (ours, theirs) in self._distances(maps, batch).items():
            found[name] = WEIGHTS.get(name, 0.05) * log_gap(ours, theirs, self._floor[name])
        for name, ours, theirs in (
            ("moves", maps[CONTENT_LAYER], kept[CONTENT_LAYER]),
            ("gram moves", _grams(maps[CONTENT_LAYER]), _grams(kept[CONTENT_LAYER])),
        ):
            found[name] = WEIGHTS[name] * _moves_gap(ours, theirs)
        return found

    def checked(self, batches: Iterable[Batch]) -> dict[str, float]:
        return _orders(self._distances(self._maps(batch)[0], batch) for batch in batches)

    def _maps(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Layer → ours and the teacher's, [N, C, h, w] in the network's units."""
        raw = self.network(middle(_flat(batch.pictures)))
        ours = {layer: self._scales[layer].undone(x) for layer, x in raw.items()}
        return ours, {
            layer: _in_units(batch.targets[layer].flatten(0, 1).float(), layer) for layer in LAYERS
        }

    def _distances(
        self, maps: Mapping[str, Tensor], batch: Batch
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """Ours and the teacher's, [G · PAIRS]."""
        found = {}
        for layer in LAYERS:
            theirs = batch.targets[f"gram {layer}"].flatten() * CAFFE_UNIT**4
            found[f"gram {layer}"] = _pair_distances(_grams(maps[layer])), theirs
        theirs = batch.targets["content"].flatten() * CAFFE_UNIT**2
        found["content"] = _pair_distances(maps[CONTENT_LAYER]), theirs
        return found

    def finished(self) -> dict[str, Tensor]:
        state = dict(self.network.state_dict())
        for layer, scale in self._scales.items():
            state |= scale.folded(state, f"heads.{layer}")
        return packed(state)


class LpipsTask:
    """CompactLpips: LPIPS' distance of each pair of a group, place by place and as a whole."""

    keys = ("lpips",)

    def __init__(self) -> None:
        self.network = self.trunk = CompactLpips()

    def start(self, groups: Pictures, targets: Sequence[Arrays]) -> None:
        self._mean = float(torch.stack([t["lpips"].float().mean() for t in targets]).mean())

    def ready(self, batch: Batch) -> Batch:
        return batch

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        ours, theirs = self._maps(batch)
        return {
            "map": F.l1_loss(ours, theirs) / self._mean,
            "whole": 3 * log_gap(ours.mean((1, 2)), theirs.mean((1, 2)), 0.02 * self._mean),
        }

    def checked(self, batches: Iterable[Batch]) -> dict[str, float]:
        maps = (self._maps(batch) for batch in batches)
        return _orders({"lpips": (a.mean((1, 2)), b.mean((1, 2)))} for a, b in maps)

    def _maps(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Ours and the teacher's, [G · PAIRS, FINE, FINE]."""
        features = self.network(middle(_flat(batch.pictures)))
        layers = zip(features.values(), self.network.linear(), strict=True)
        ours = torch.stack([_lpips_maps(x, weight) for x, weight in layers]).sum(0)
        return ours, batch.targets["lpips"].flatten(0, 1).float()

    def finished(self) -> dict[str, Tensor]:
        return packed(self.network.state_dict())


def _orders(compared: Iterable[Mapping[str, tuple[Tensor, Tensor]]]) -> dict[str, float]:
    """Spearman's ρ of distances, ours and the teacher's, by their names."""
    found = list(compared)
    rhos = {}
    for key in found[0]:
        ours, theirs = (torch.cat([each[key][side] for each in found]) for side in (0, 1))
        rhos[f"rho {key}"] = round(float(spearmanr(ours, theirs).statistic), 4)
    return rhos


def _flat(groups: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return groups.reshape(-1, *groups.shape[2:])


def _places(x: Tensor) -> Tensor:
    """[N, C, h, w] to [N · h · w, C]."""
    return x.permute(0, 2, 3, 1).flatten(0, 2)


def _in_units(kept: Tensor, layer: str) -> Tensor:
    """Kept targets in the units of the network.

    √(k/C) makes means over the k² entries of a Gram matrix what they are over the teacher's C².
    """
    share = CHANNELS[layer] / TEACHER_CHANNELS[layer]
    return kept * float(100 * CAFFE_UNIT * share**0.5)


def _grams(x: Tensor) -> Tensor:
    flat = x.flatten(2)
    grams: Tensor = flat @ flat.transpose(1, 2)
    return grams / flat.shape[2]


def _pair_distances(x: Tensor) -> Tensor:
    """Mean squared differences of each group's pairs, [G · PAIRS]."""
    grouped = x.reshape(-1, GROUP, *x.shape[1:])
    return (grouped[:, FIRST] - grouped[:, SECOND]).square().flatten(2).mean(2).flatten()


def _moves_gap(ours: Tensor, theirs: Tensor) -> Tensor:
    """From one picture to another of its group: our step less the teacher's, relative to that.

    A distance says how long a step is, this also where it leads. [N, …] both.
    """
    steps = []
    for x in (ours, theirs):
        grouped = x.reshape(-1, GROUP, *x.shape[1:]).flatten(2)
        steps.append(grouped[:, FIRST] - grouped[:, SECOND])
    lengths = steps[1].square().mean(2)
    floor = 0.1 * lengths.mean()
    return ((steps[0] - steps[1]).square().mean(2) / (lengths + floor)).mean()


def _lpips_maps(x: Tensor, weights: Tensor) -> Tensor:
    """[G · PAIRS, FINE, FINE] of one layer."""
    unit = F.normalize(x, dim=1, eps=1e-6)
    unit = unit.reshape(-1, GROUP, *unit.shape[1:])
    gaps = (unit[:, FIRST] - unit[:, SECOND]).square().flatten(0, 1)
    weighted: Tensor = torch.einsum("c,nchw->nhw", weights, gaps)
    pooled: Tensor = F.adaptive_avg_pool2d(weighted[:, None], FINE)
    return pooled[:, 0]


def log_gap(ours: Tensor, theirs: Tensor, floor: float) -> Tensor:
    """Ranks are what counts: distances are compared by their logarithms, down to ``floor``."""
    return F.smooth_l1_loss(torch.log(ours + floor), torch.log(theirs + floor), beta=0.3)
