"""The networks to be imitated, with real weights from a folder: VGG-19, Inception, SqueezeNet.

None of them is shipped. The folder holds the files named below.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from evaluator.backbones.inception import Inception
from evaluator.backbones.inception_onnx import OnnxInception
from evaluator.backbones.loading import LoadedState, exact_arithmetic, load_state
from evaluator.backbones.lpips import LpipsNetwork, Stack
from evaluator.backbones.vgg import Vgg
from evaluator.backbones.weights import sha256_of
from evaluator.compact.inception_network import FID_SIDE
from evaluator.compact.networks import LAYERS
from evaluator.errors import ParticipantError
from evaluator.specs import BackboneSpec, WeightsRef

__all__ = [
    "BLOCK_CHANNELS",
    "INCEPTION_DIMS",
    "InceptionBlocks",
    "Teachers",
    "real_backbones",
]

VGG_FILE = "vgg19_caffe_bgr_relu4_1_mixed.pth"
INCEPTION_FILE = "inception2015_folded_to_mixed6e.pth"
TRUNK_FILE = "squeezenet1_1_features.pth"
HEADS_FILE = "lpips_lin_squeeze_v0.1.pth"
INCEPTION_DIMS = 768

BLOCK_CHANNELS = {
    "pool_2": 192,
    "mixed_5d": 288,
    **{f"mixed_6{letter}": INCEPTION_DIMS for letter in "abcde"},
}
"""Inception's blocks that are told of, and their channels."""


class Teachers:
    """The three, on the CPU. Call within ``exact_arithmetic``."""

    def __init__(self, folder: Path) -> None:
        """Raises ParticipantError ``compact.weights``, PlatformFault ``weights.format``."""
        cpu = torch.device("cpu")
        vgg, inception, lpips = real_backbones(folder)
        self._vgg = Vgg(load_state(vgg.weights, folder), vgg, layers=LAYERS, device=cpu)
        states = (_state(folder, TRUNK_FILE), _state(folder, HEADS_FILE))
        self._lpips = LpipsNetwork(lpips, *states, device=cpu)
        tensors = load_state(inception.weights, folder).tensors.items()
        self._inception = OnnxInception(
            {name: tensor.numpy() for name, tensor in tensors},
            dims=INCEPTION_DIMS,
            source=inception.weights.name,
        )

    def maps(self, pixels: Tensor) -> dict[str, Tensor]:
        """VGG layer → float32 [N, C, h, w] of uint8 [N, H, W, 3]."""
        return self._vgg.features(pixels)

    def stacks(self, pixels: Tensor) -> Sequence[Stack]:
        """What LPIPS sees of each picture."""
        return [self._lpips.stack(pixels[i : i + 1]) for i in range(len(pixels))]

    def inception_rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Mixed_6e, pooled: float32 [N, 768] of uint8 [N, H, W, 3]."""
        return self._inception.rows(pixels)


class InceptionBlocks:
    """What Inception's blocks say of pictures of ``FID_SIDE``², as the network's, in bfloat16."""

    def __init__(self, folder: Path) -> None:
        """Raises ParticipantError ``compact.weights``, PlatformFault ``weights.format``."""
        state = _state(folder, INCEPTION_FILE)
        cpu = torch.device("cpu")
        self._network = _Telling(state, dims=INCEPTION_DIMS, device=cpu, dtype=torch.bfloat16)

    def __call__(self, pictures: Tensor) -> list[Tensor]:
        """float32 [N, H, W, 3] in 0..255 to a map [N, C, h, w] for each of ``BLOCK_CHANNELS``."""
        x = pictures.permute(0, 3, 1, 2)
        x = F.interpolate(x, (FID_SIDE, FID_SIDE), mode="bilinear", antialias=True)
        with exact_arithmetic():
            found = self._network.told(x / 127.5 - 1)
        return [x.float().clone() for x in found]  # clones may be used where gradients are


class _Telling(Inception):
    """Keeps what its blocks give: those that join branches, and the second that halves."""

    def told(self, x: Tensor) -> list[Tensor]:
        self._halved: list[Tensor] = []
        self._joined: list[Tensor] = []
        self.of_resized(x)
        _, _, *told = self._joined  # Mixed_5b and 5c are not told of
        return [self._halved[1], *told]

    def halve(self, x: Tensor) -> Tensor:
        self._halved.append(super().halve(x))
        return self._halved[-1]

    def join(self, branches: Sequence[Tensor]) -> Tensor:
        self._joined.append(super().join(branches))
        return self._joined[-1]


def real_backbones(folder: Path) -> tuple[BackboneSpec, BackboneSpec, BackboneSpec]:
    """VGG-19, Inception to Mixed_6e and LPIPS' SqueezeNet, for protocols whose weights lie in
    ``folder``; ParticipantError ``compact.weights`` if one of them is not there."""
    vgg, inception, trunk, heads = (
        _ref(folder, file) for file in (VGG_FILE, INCEPTION_FILE, TRUNK_FILE, HEADS_FILE)
    )
    return (
        BackboneSpec("perceptual", "vgg19", vgg, "caffe"),
        BackboneSpec("inception", "inception-v3-2015-12-05", inception, "fid"),
        BackboneSpec("lpips-squeeze", "squeezenet1_1", trunk, "lpips", heads=heads),
    )


def _ref(folder: Path, file: str) -> WeightsRef:
    path = folder / file
    if not path.is_file():
        raise ParticipantError(
            "compact.weights",
            f"{path} is not there; name the folder that holds the pretrained networks.",
        )
    return WeightsRef(file, sha256_of(path))


def _state(folder: Path, file: str) -> LoadedState:
    return load_state(_ref(folder, file), folder)
