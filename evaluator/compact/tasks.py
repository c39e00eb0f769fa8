"""What each compact network learns: its targets, and how far it is from them.

A task's loss has two parts: features like the teacher's, and distances within a group of pictures
like the teacher's. The first is rich, the second is what the network is for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from evaluator.compact.groups import GROUP, PAIRS
from evaluator.compact.networks import (
    CHANNELS,
    LAYERS,
    CompactLpips,
    CompactVgg,
)
from evaluator.compact.targets import CONTENT_LAYER, FINE, middle

__all__ = ["TASKS", "Batch", "Task"]

CAFFE_UNIT = 1 / 57
"""Caffe's inputs are deviations of 0..255, torchvision's of 0..1 over 0.225: 57 times smaller."""

TEACHER_CHANNELS = {"conv1_1": 64, "conv2_1": 128, "conv3_1": 256, "conv4_1": 512}
FIRST, SECOND = (torch.tensor(side) for side in zip(*PAIRS, strict=True))


@dataclass(frozen=True, slots=True)
class Batch:
    """Groups of pictures uint8 [G, GROUP, H, W, 3] and the targets of each by name."""

    pictures: NDArray[np.uint8]
    targets: Mapping[str, Tensor]


class Task(Protocol):
    """A network in training; ``keys`` are the targets that it reads."""

    @property
    def network(self) -> nn.Module: ...

    @property
    def keys(self) -> tuple[str, ...]: ...

    def start(self, targets: Sequence[Mapping[str, Tensor]]) -> None:
        """Look at all targets once: their mean, scale and axes."""

    def losses(self, batch: Batch) -> dict[str, Tensor]: ...

    def finished(self) -> dict[str, Tensor]:
        """The weights to ship, in the units in which the network is used."""


@dataclass(frozen=True, slots=True)
class Standard:
    """Mean and deviation of each channel, [C].

    Networks learn standardised features: the real ones' scales differ by hundreds, and an optimiser
    that moves every weight by about the same step would take most of its time to find them.
    """

    mean: Tensor
    deviation: Tensor

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
        self.network = CompactVgg()
        self._scales: dict[str, Standard] = {}
        self._floor: dict[str, float] = {}

    def start(self, targets: Sequence[Mapping[str, Tensor]]) -> None:
        for layer in LAYERS:
            x = torch.cat([_in_units(t[layer].float(), layer) for t in targets[::4]])
            mean = x.mean(dim=(0, 2, 3))
            deviation = (x - mean[:, None, None]).square().mean(dim=(0, 2, 3)).sqrt()
            self._scales[layer] = Standard(mean, deviation)
            grams = torch.cat([t[f"gram {layer}"] for t in targets]) * CAFFE_UNIT**4
            self._floor[layer] = 1e-2 * float(grams.median())
        contents = torch.cat([t["content"] for t in targets]) * CAFFE_UNIT**2
        self._floor["content"] = 1e-2 * float(contents.median())

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        raw = self.network(middle(_flat(batch.pictures)))
        maps = {layer: self._scales[layer].undone(x) for layer, x in raw.items()}
        found, ours_all, theirs_all = {}, [], []
        for layer in LAYERS:
            wanted = _in_units(batch.targets[layer].flatten(0, 1).float(), layer)
            spread = self._scales[layer].deviation.square().mean()
            found[f"map {layer}"] = F.mse_loss(maps[layer], wanted) / spread
            ours = _pair_distances(_grams(maps[layer]))
            theirs = batch.targets[f"gram {layer}"].flatten() * CAFFE_UNIT**4
            found[f"gram {layer}"] = 0.15 * _log_gap(ours, theirs, self._floor[layer])
            ours_all.append(ours)
            theirs_all.append(theirs)
        whole_ours, whole_theirs = (torch.stack(x).sum(0) for x in (ours_all, theirs_all))
        floor = max(self._floor[layer] for layer in LAYERS)
        found["style"] = 0.5 * _log_gap(whole_ours, whole_theirs, floor)
        ours = _pair_distances(maps[CONTENT_LAYER])
        theirs = batch.targets["content"].flatten() * CAFFE_UNIT**2
        found["content"] = 0.5 * _log_gap(ours, theirs, self._floor["content"])
        return found

    def finished(self) -> dict[str, Tensor]:
        state = dict(self.network.state_dict())
        for layer, scale in self._scales.items():
            state |= scale.folded(state, f"heads.{layer}")
        return state


class LpipsTask:
    """CompactLpips: LPIPS' distance of each pair of a group, place by place and as a whole."""

    keys = ("lpips",)

    def __init__(self) -> None:
        self.network = CompactLpips()

    def start(self, targets: Sequence[Mapping[str, Tensor]]) -> None:
        self._mean = float(torch.stack([t["lpips"].float().mean() for t in targets]).mean())

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        features = self.network(middle(_flat(batch.pictures)))
        layers = zip(features, self.network.linear(), strict=True)
        ours = torch.stack([_lpips_maps(x, weight) for x, weight in layers]).sum(0)
        theirs = batch.targets["lpips"].flatten(0, 1).float()
        return {
            "map": F.l1_loss(ours, theirs) / self._mean,
            "whole": 3 * _log_gap(ours.mean((1, 2)), theirs.mean((1, 2)), 0.02 * self._mean),
        }

    def finished(self) -> dict[str, Tensor]:
        return self.network.state_dict()


TASKS: Mapping[str, Callable[[], Task]] = {
    "vgg": VggTask,
    "lpips": LpipsTask,
}


def _flat(groups: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return groups.reshape(-1, *groups.shape[2:])


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


def _lpips_maps(x: Tensor, weights: Tensor) -> Tensor:
    """[G · PAIRS, FINE, FINE] of one layer."""
    unit = F.normalize(x, dim=1, eps=1e-6)
    unit = unit.reshape(-1, GROUP, *unit.shape[1:])
    gaps = (unit[:, FIRST] - unit[:, SECOND]).square().flatten(0, 1)
    weighted: Tensor = torch.einsum("c,nchw->nhw", weights, gaps)
    pooled: Tensor = F.adaptive_avg_pool2d(weighted[:, None], FINE)
    return pooled[:, 0]


def _log_gap(ours: Tensor, theirs: Tensor, floor: float) -> Tensor:
    """Ranks are what counts: distances are compared by their logarithms, down to ``floor``."""
    return F.smooth_l1_loss(torch.log(ours + floor), torch.log(theirs + floor), beta=0.3)
