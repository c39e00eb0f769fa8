"""What the real networks say of the training pictures, computed once and kept on disk by group.

An interrupted computation goes on where it stopped. Features are kept in half precision on the
axes along which the teacher's vary most; distances within a group are those of all its channels.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from evaluator.backbones.loading import exact_arithmetic
from evaluator.backbones.lpips import Stack
from evaluator.compact.groups import PAIRS
from evaluator.compact.networks import CHANNELS, LAYERS
from evaluator.compact.teachers import Teachers

__all__ = [
    "CROP",
    "FINE",
    "STRIDES",
    "axes_of",
    "inception_targets",
    "keep_targets",
    "lpips_targets",
    "middle",
    "vgg_targets",
]

CROP = 128
"""VGG and LPIPS are imitated on the middle of a picture, at the picture's own scale."""

FINE = 8  # side of the grid on which LPIPS' map is kept
STRIDES = {"conv1_1": 2, "conv2_1": 2, "conv3_1": 2, "conv4_1": 1}
CONTENT_LAYER = "conv4_1"

Arrays = dict[str, NDArray[np.floating]]
Tell = Callable[[int, int], None]


def keep_targets(
    folder: Path,
    pictures: NDArray[np.uint8],
    make: Callable[[NDArray[np.uint8]], Arrays],
    tell: Tell,
) -> list[Path]:
    """What ``make`` says of each group or set, a file each in ``folder``; those there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index:04d}.npz" for index in range(len(pictures))]
    for index, path in enumerate(paths):
        if not path.exists():
            with exact_arithmetic():
                arrays = make(np.array(pictures[index]))
            _write(path, arrays)
        tell(index + 1, len(paths))
    return paths


def axes_of(
    groups: NDArray[np.uint8], teachers: Teachers, *, sample: int = 10
) -> dict[str, Tensor]:
    """VGG layer → orthonormal axes [C, k] that hold most of its second moments.

    Not centred: Gram matrices are not either.
    """
    moments = {layer: torch.zeros(()) for layer in LAYERS}
    with exact_arithmetic():
        for index in np.linspace(0, len(groups) - 1, sample).astype(int):
            for layer, x in teachers.maps(middle(np.array(groups[index]))).items():
                flat = x.transpose(0, 1).flatten(1)
                moments[layer] = moments[layer] + flat @ flat.T / flat.shape[1]
        return {
            layer: torch.linalg.eigh(moments[layer].double()).eigenvectors[:, -count:].float()
            for layer, count in CHANNELS.items()
        }


def middle(pictures: NDArray[np.uint8]) -> Tensor:
    """uint8 [N, H, W, 3] to its middle [N, CROP, CROP, 3]."""
    start = (pictures.shape[1] - CROP) // 2
    part = slice(start, start + CROP)
    return torch.from_numpy(np.ascontiguousarray(pictures[:, part, part]))


def _write(path: Path, arrays: Arrays) -> None:
    part = path.with_suffix(".part.npz")
    np.savez(part, **arrays)  # type: ignore[arg-type]
    part.replace(path)


def vgg_targets(
    group: NDArray[np.uint8], *, teachers: Teachers, axes: Mapping[str, Tensor]
) -> Arrays:
    """Maps on the axes and distances of each pair of a group."""
    maps = teachers.maps(middle(group))
    kept: dict[str, Tensor] = {
        layer: _on_axes(maps[layer][:, :, :: STRIDES[layer], :: STRIDES[layer]], axes[layer])
        for layer in LAYERS
    }
    kept |= {f"gram {layer}": _distances(_grams(maps[layer])) for layer in LAYERS}
    kept["content"] = _distances(maps[CONTENT_LAYER])
    precise = {"content", *(f"gram {layer}" for layer in LAYERS)}
    return {
        name: x.float().numpy() if name in precise else x.half().numpy() for name, x in kept.items()
    }


def lpips_targets(group: NDArray[np.uint8], *, teachers: Teachers) -> Arrays:
    """LPIPS of each pair of a group, on a grid: half [PAIRS, FINE, FINE]."""
    return {"lpips": _lpips_maps(teachers.stacks(middle(group))).half().numpy()}


def inception_targets(pictures: NDArray[np.uint8], *, teachers: Teachers) -> Arrays:
    """The means of each picture's Mixed_6e: float32 [n, 768]."""
    return {"pooled": teachers.inception_rows(pictures)}


def _on_axes(x: Tensor, axes: Tensor) -> Tensor:
    """Caffe's activations are of the order of 100: divided by that, half precision holds them."""
    return torch.einsum("nchw,ck->nkhw", x, axes) / 100


def _grams(x: Tensor) -> Tensor:
    flat = x.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def _distances(x: Tensor) -> Tensor:
    """The mean squared difference of each pair of the group, [PAIRS]."""
    return torch.stack([(x[a].double() - x[b].double()).square().mean() for a, b in PAIRS])


def _lpips_maps(stacks: Sequence[Stack]) -> Tensor:
    """LPIPS of each pair on a grid, summed over layers: [PAIRS, FINE, FINE]."""
    units = [[F.normalize(x, dim=0) for x in stack.features] for stack in stacks]
    heads = stacks[0].heads
    return torch.stack([_lpips_map(units[a], units[b], heads) for a, b in PAIRS])


def _lpips_map(a: list[Tensor], b: list[Tensor], heads: tuple[Tensor, ...]) -> Tensor:
    layers = [
        F.adaptive_avg_pool2d(torch.einsum("c,chw->hw", w, (x - y).square())[None], FINE)[0]
        for x, y, w in zip(a, b, heads, strict=True)
    ]
    return torch.stack(layers).sum(dim=0)
