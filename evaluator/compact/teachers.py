"""The networks to be imitated, with real weights from a folder: VGG-19, Inception, SqueezeNet.

None of them is shipped. The folder holds the files named below.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from evaluator.backbones.inception_onnx import OnnxInception
from evaluator.backbones.loading import LoadedState, load_state
from evaluator.backbones.lpips import LpipsNetwork, Stack
from evaluator.backbones.vgg import Vgg
from evaluator.backbones.weights import sha256_of
from evaluator.compact.networks import LAYERS
from evaluator.errors import ParticipantError
from evaluator.specs import BackboneSpec, WeightsRef

__all__ = ["INCEPTION_DIMS", "Teachers", "real_backbones"]

VGG_FILE = "vgg19_caffe_bgr_relu4_1_mixed.pth"
INCEPTION_FILE = "inception2015_folded_to_mixed6e.pth"
TRUNK_FILE = "squeezenet1_1_features.pth"
HEADS_FILE = "lpips_lin_squeeze_v0.1.pth"
INCEPTION_DIMS = 768


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

    def inception_maps(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Mixed_6e: float32 [N, 768, 17, 17] of uint8 [N, H, W, 3]."""
        return self._inception.maps(pixels)


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
