"""Looking at a scene region by region: means, edges, absorbed scraps and planted cells."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from evaluator.demo.painting.noise import Field

__all__ = [
    "Cells",
    "absorbed",
    "edge_distance",
    "edges",
    "means",
    "plant",
    "renumbered",
    "thickened",
]

Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells around planted middles: ``index`` [S, S] of the nearest, the distance ``near`` to it
    and ``following`` to the next one, and ``middles`` [N, 2] (row, column) in pixels."""

    index: Labels
    near: Field
    following: Field
    middles: Field


def renumbered(labels: Labels) -> tuple[Labels, int]:
    """The same regions numbered 0..n-1, and n."""
    values, flat = np.unique(labels, return_inverse=True)
    return flat.reshape(labels.shape).astype(np.int32), len(values)


def means(labels: Labels, count: int, image: Field) -> Field:
    """The mean of ``image`` [S, S, 3] over each of ``count`` regions: [count, 3]."""
    flat = labels.ravel()
    area = np.maximum(np.bincount(flat, minlength=count), 1)
    sums = [np.bincount(flat, image[..., k].ravel(), count) for k in range(image.shape[-1])]
    return (np.stack(sums, -1) / area[:, None]).astype(np.float32)


def edges(labels: Labels) -> NDArray[np.bool_]:
    """Where a region meets another to its right or below."""
    edge = np.zeros(labels.shape, bool)
    edge[:-1] |= labels[:-1] != labels[1:]
    edge[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    return edge


def edge_distance(labels: Labels) -> Field:
    """Pixels from each pixel to the nearest edge between regions."""
    return np.asarray(distance_transform_edt(~edges(labels)), np.float32)


def thickened(labels: Labels, thinnest: float) -> Labels:
    """Strips thinner than about ``thinnest`` pixels handed to what lies beside them."""
    core = edge_distance(labels) >= thinnest / 2
    rows, columns = distance_transform_edt(~core, return_distances=False, return_indices=True)
    return np.asarray(labels[rows, columns], labels.dtype)


def absorbed(labels: Labels, smallest: int) -> tuple[Labels, int]:
    """Regions below ``smallest`` pixels handed to their nearest larger neighbours."""
    numbered, count = renumbered(labels)
    large = np.bincount(numbered.ravel(), minlength=count)[numbered] >= smallest
    if not large.all():
        rows, columns = distance_transform_edt(~large, return_distances=False, return_indices=True)
        numbered = numbered[rows, columns]
    return renumbered(numbered)


def plant(
    rng: np.random.Generator,
    size: int,
    spacing: float,
    *,
    jitter: float = 0.5,
    angle: Field | None = None,
) -> Cells:
    """Cells on a jittered grid: Voronoi cells, or with ``angle`` squares turned that way.

    The square metric is Hausner's for tesserae (Simulating Decorative Mosaics, SIGGRAPH 2001),
    on a grid instead of relaxed middles.
    """
    side = int(np.ceil(size / spacing)) + 2
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    columns += 0.5 * (rows % 2)
    middles = (np.stack([rows, columns], -1) - 0.75) * np.float32(spacing)
    middles += rng.uniform(-0.5, 0.5, middles.shape).astype(np.float32) * np.float32(
        jitter * spacing
    )
    turn = None if angle is None else _sampled(angle, middles)
    return _nearest(size, spacing, middles, turn)


def _sampled(field: Field, middles: Field) -> Field:
    last = field.shape[0] - 1
    return field[tuple(np.clip(middles[..., k], 0, last).astype(np.int32) for k in (0, 1))]


def _nearest(size: int, spacing: float, middles: Field, turn: Field | None) -> Cells:
    side = middles.shape[0]
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    row = np.rint(y / np.float32(spacing) + 0.75).astype(np.int32)
    column = np.rint(x / np.float32(spacing) + 0.75 - 0.5 * (row % 2)).astype(np.int32)
    near = np.full((size, size), np.inf, np.float32)
    following = near.copy()
    index = np.zeros((size, size), np.int32)
    sine = None if turn is None else np.sin(turn).ravel()
    cosine = None if turn is None else np.cos(turn).ravel()
    flat = middles.reshape(-1, 2)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            other = np.clip(row + down, 0, side - 1) * side + np.clip(column + right, 0, side - 1)
            away_y, away_x = y - flat[other, 0], x - flat[other, 1]
            if sine is None or cosine is None:
                far = np.hypot(away_x, away_y)
            else:
                s, c = sine[other], cosine[other]
                far = np.maximum(np.abs(away_x * c + away_y * s), np.abs(away_y * c - away_x * s))
            closer = far < near
            same = other == index
            following = np.where(
                closer & ~same, near, np.where(same, following, np.minimum(following, far))
            )
            index = np.where(closer, other, index)
            near = np.minimum(near, far)
    return Cells(index, near, following, flat)
