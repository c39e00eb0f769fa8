"""The networks to be imitated, with real weights from a folder: VGG-19, Inception, SqueezeNet.

None of them is shipped. The folder holds the files named below.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from evaluator.backbones.inception import Inception, preprocess
from evaluator.backbones.inception_layers import wire
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
        rows = load_state(inception.weights, folder)
        self._inception = Inception(rows, dims=INCEPTION_DIMS, device=cpu)

    def maps(self, pixels: Tensor) -> dict[str, Tensor]:
        """VGG layer → float32 [N, C, h, w] of uint8 [N, H, W, 3]."""
        return self._vgg.features(pixels)

    def stacks(self, pixels: Tensor) -> Sequence[Stack]:
        """What LPIPS sees of each picture."""
        return [self._lpips.stack(pixels[i : i + 1]) for i in range(len(pixels))]

    def inception_map(self, pixels: Tensor) -> Tensor:
        """Mixed_6e before the pooling, float32 [N, 768, 17, 17]."""
        return wire(self._inception, preprocess(pixels), INCEPTION_DIMS)


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
