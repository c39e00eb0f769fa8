"""What the pair metrics see of one picture, and only what they read, in as few passes as there are.

One pass of the VGG network gives all its layers, Gram matrices and channel statistics; each LPIPS
network has a pass of its own. Views of contents and styles are kept while there is room for them,
since pairs share their pictures.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, fields
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from evaluator.backbones.loading import exact_arithmetic
from evaluator.backbones.lpips import Stack
from evaluator.backbones.networks import Networks
from evaluator.metrics.colour import colour_profile
from evaluator.metrics.mean_std import channel_moments
from evaluator.metrics.style import gram_matrix

__all__ = ["KeptViews", "View", "Wanted", "look", "on_device"]

Pixels = NDArray[np.uint8]

ROOM = 256 << 20  # bytes of views kept: some sixty contents at 256² under the usual metrics

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read of a picture: layers of VGG, networks of LPIPS, numbers of colour directions."""

    maps: frozenset[str] = NONE
    grams: frozenset[str] = NONE
    moments: frozenset[str] = NONE
    stacks: frozenset[str] = NONE
    colours: frozenset[int] = frozenset()

    @property
    def layers(self) -> frozenset[str]:
        """The layers of VGG that have to be computed."""
        return self.maps | self.grams | self.moments

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(
            *(getattr(self, each.name) | getattr(other, each.name) for each in fields(self))
        )


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One picture: uint8 [H, W, 3], and by layer or network what was wanted of it.

    ``maps``: float32 [C, h, w]; ``grams``: ``gram_matrix``; ``moments``: ``channel_moments``;
    ``colours``: number of directions → ``colour_profile``.
    """

    pixels: Pixels
    maps: Mapping[str, Tensor] = field(default_factory=dict)
    grams: Mapping[str, Tensor] = field(default_factory=dict)
    moments: Mapping[str, Tensor] = field(default_factory=dict)
    stacks: Mapping[str, Stack] = field(default_factory=dict)
    colours: Mapping[int, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        return (
            self.pixels.nbytes
            + sum(x.nbytes for x in self._tensors())
            + sum(profile.nbytes for profile in self.colours.values())
        )

    def _tensors(self) -> Iterator[Tensor]:
        for tensors in (self.maps, self.grams, self.moments):
            yield from tensors.values()
        for stack in self.stacks.values():
            yield from stack.features


def look(networks: Networks, pixels: Pixels, wanted: Wanted) -> View:
    """See a picture; networks of which nothing is wanted do not run."""
    with exact_arithmetic():
        maps = networks.maps(pixels, wanted.layers)
        return View(
            pixels=pixels,
            maps={layer: maps[layer] for layer in sorted(wanted.maps)},
            grams={layer: gram_matrix(maps[layer]) for layer in sorted(wanted.grams)},
            moments={layer: channel_moments(maps[layer]) for layer in sorted(wanted.moments)},
            stacks={name: networks.stack(name, pixels) for name in sorted(wanted.stacks)},
            colours={count: colour_profile(pixels, count) for count in sorted(wanted.colours)},
        )


class KeptViews:
    """The views of the last few pictures, by a key; never more than ``room`` bytes but for one.

    For several threads at once: one makes a view, others that ask for it wait.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._views: OrderedDict[str, Future[View]] = OrderedDict()
        self._used = 0
        self._lock = Lock()

    def __contains__(self, key: str) -> bool:
        """Whether the view is kept, or being made."""
        return key in self._views

    def get(self, key: str, make: Callable[[], View]) -> View:
        """The view kept under ``key``, or made and kept."""
        with self._lock:
            kept = self._views.get(key)
            if kept is not None:
                self._views.move_to_end(key)
            else:
                made = self._views[key] = Future()
        return kept.result() if kept is not None else self._made(key, made, make)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._views.clear()
            self._used = 0

    def _made(self, key: str, made: Future[View], make: Callable[[], View]) -> View:
        try:
            view = make()
        except BaseException as error:
            with self._lock:
                self._views.pop(key, None)
            made.set_exception(error)
            raise
        with self._lock:
            made.set_result(view)
            if self._views.get(key) is made:  # and was not cleared away meanwhile
                self._used += view.nbytes
                self._shrink()
        return view

    def _shrink(self) -> None:
        """Forget the oldest; what is being made has no size yet, and stays."""
        for key in [key for key, kept in self._views.items() if kept.done()][:-1]:
            if self._used <= self._room:
                return
            self._used -= self._views.pop(key).result().nbytes


def on_device(arrays: Mapping[str, NDArray[np.float64]], device: torch.device) -> dict[str, Tensor]:
    """Kept statistics as tensors."""
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
