"""The networks whose features losses compare and encoders start from, with weights of the registry.

``feature_network`` takes the name of registered weights (``vgg19-caffe``, ``vgg19-torchvision``,
``compact-vgg``, which ships with StyleArena, or ``seeded-vgg19-quarter``, untrained), or of a state
dict in the weights folder with torchvision's keys, which may end after the layers that are needed.
Nothing is downloaded here: missing weights are one sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.training.settings import COMPACT_FEATURES
from evaluator.backbones.loading import LoadedState, load_state
from evaluator.backbones.vgg import LAYERS
from evaluator.backbones.weights import FETCH, REGISTRY, default_folder, path_of, sha256_of
from evaluator.compact.networks import CHANNELS, CompactVgg
from evaluator.compact.storing import unpacked
from evaluator.errors import ParticipantError
from evaluator.specs import WeightsRef

__all__ = ["FeatureNetwork", "VggFeatures", "feature_network", "require_weights"]

OTHER_FEATURES = (
    f", or name other features, such as {COMPACT_FEATURES}, which ships with StyleArena"
)
_COMPACT_STRIDES = {"conv1_1": 2, "conv2_1": 4, "conv3_1": 8, "conv4_1": 8}
_RGB_MEAN, _RGB_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BGR_MEAN = (103.939, 116.779, 123.68)


class FeatureNetwork(nn.Module):
    """RGB [N, 3, H, W] in 0..1 → layer → feature maps; frozen, but gradients reach the picture.

    ``channels`` of each layer that was asked for, and by how much it is smaller, ``strides``.
    """

    channels: Mapping[str, int]
    strides: Mapping[str, int]

    def forward(self, pictures: Tensor, wanted: Collection[str] = ()) -> dict[str, Tensor]:
        raise NotImplementedError


def feature_network(
    name: str, layers: Collection[str], *, encoder: bool = False, folder: Path | None = None
) -> FeatureNetwork:
    """The network of that name up to the last of ``layers``.

    As an ``encoder``, it pads by reflection and rounds sizes up, so that a decoder can cover the
    whole picture and leaves no frame. Raises ParticipantError ``baseline.features`` where weights
    are missing or end before a layer, PlatformFault ``weights.*`` where they are damaged.
    """
    state = _state(name, folder or default_folder())
    if name == COMPACT_FEATURES:
        return _CompactFeatures(state, layers)
    return VggFeatures(state, layers, encoder=encoder)


def require_weights(
    name: str, folder: Path | None = None, *, otherwise: str = OTHER_FEATURES
) -> None:
    """Raise ParticipantError ``baseline.features`` where weights are neither here nor shipped.

    ``otherwise`` is what helps but fetching them, as the end of the sentence.
    """
    folder, entry = folder or default_folder(), REGISTRY.get(name)
    if entry is None and not (folder / name).is_file():
        raise ParticipantError(
            "baseline.features",
            f"There are no weights {name}: {folder} has no such file, and `stylearena weights "
            "list` does not know the name; mend features in the --config file.",
        )
    if entry and not (entry.is_seeded or path_of(entry, folder).is_file()):
        raise ParticipantError(
            "baseline.features",
            f"The weights {name} are not in {folder}; run `{FETCH} {name}`{otherwise}.",
        )


def _state(name: str, folder: Path) -> LoadedState:
    require_weights(name, folder)
    entry = REGISTRY.get(name)
    digest = sha256_of(folder / name) if entry is None else entry.sha256
    return load_state(WeightsRef(name, digest), folder)


class VggFeatures(FeatureNetwork):
    """VGG-19; a layer's features are those after its ReLU, as in ``evaluator.backbones.vgg``."""

    def __init__(
        self, state: LoadedState, layers: Collection[str], *, encoder: bool = False
    ) -> None:
        super().__init__()
        _require_layers(state, layers)
        self._layers = frozenset(layers)
        self._rounds_up = encoder
        self.prepare = _preparation(state)
        self.convs = nn.ModuleDict()
        for layer in LAYERS[: 1 + max(LAYERS.index(layer) for layer in layers)]:
            weight, bias = (state.tensors[f"{_key(layer)}.{part}"] for part in ("weight", "bias"))
            after, before = weight.shape[:2]
            mode: Literal["reflect", "zeros"] = "reflect" if encoder else "zeros"
            self.convs[layer] = nn.Conv2d(before, after, 3, padding=1, padding_mode=mode)
            self.convs[layer].load_state_dict({"weight": weight.float(), "bias": bias.float()})
        self.channels = {layer: _width(self.convs[layer]) for layer in layers}
        self.strides = {layer: 2 ** (int(layer[4]) - 1) for layer in layers}
        self.requires_grad_(requires_grad=False).eval()

    def forward(self, pictures: Tensor, wanted: Collection[str] = ()) -> dict[str, Tensor]:
        wanted = wanted or self._layers
        x = self.prepare(pictures)
        found: dict[str, Tensor] = {}
        for layer, conv in self.convs.items():
            if layer.endswith("_1") and layer != "conv1_1":
                x = F.max_pool2d(x, 2, ceil_mode=self._rounds_up)
            x = F.relu(conv(x))
            if layer in wanted:
                found[layer] = x
            if len(found) == len(wanted):
                break
        return found


class _CompactFeatures(FeatureNetwork):
    """``evaluator.compact``'s imitation of VGG-19: four layers, at strides 2, 4, 8 and 8."""

    def __init__(self, state: LoadedState, layers: Collection[str]) -> None:
        super().__init__()
        if missing := sorted(set(layers) - set(CHANNELS)):
            raise _no_layers(COMPACT_FEATURES, missing, tuple(CHANNELS))
        self._layers = frozenset(layers)
        self.network = CompactVgg()
        self.network.load_state_dict(unpacked(state.tensors))
        self.channels = {layer: CHANNELS[layer] for layer in layers}
        self.strides = {layer: _COMPACT_STRIDES[layer] for layer in layers}
        self.requires_grad_(requires_grad=False).eval()

    def forward(self, pictures: Tensor, wanted: Collection[str] = ()) -> dict[str, Tensor]:
        pixels = (255 * pictures).permute(0, 2, 3, 1)
        found: dict[str, Tensor] = self.network(pixels, wanted or self._layers)
        return found


def _key(layer: str) -> str:
    """torchvision numbers a convolution and its ReLU, and each pooling between the blocks."""
    return f"features.{2 * LAYERS.index(layer) + int(layer[4]) - 1}"


def _width(conv: nn.Module) -> int:
    assert isinstance(conv, nn.Conv2d)  # noqa: S101  (tells mypy what a ModuleDict forgets)
    return conv.out_channels


def _require_layers(state: LoadedState, layers: Collection[str]) -> None:
    there = [layer for layer in LAYERS if f"{_key(layer)}.weight" in state.tensors]
    if missing := sorted(set(layers) - set(there)):
        raise _no_layers(state.name, missing, tuple(there))


def _no_layers(name: str, missing: list[str], there: tuple[str, ...]) -> ParticipantError:
    return ParticipantError(
        "baseline.features",
        f"The weights {name} have no {', '.join(missing)}, only {', '.join(there) or 'none'}; set "
        "content_layer and style_layers to those, or take other features, in a --config file.",
    )


def _preparation(state: LoadedState) -> nn.Conv2d:
    """From RGB in 0..1 to what the weights were trained on, as one 1×1 convolution.

    A registered file's name tells "caffe" (BGR in 0..255 less its mean) from torchvision's.
    """
    prepare = nn.Conv2d(3, 3, 1)
    if "caffe" in state.name:
        matrix = 255 * torch.eye(3).flip(0)
        bias = -torch.tensor(_BGR_MEAN)
    else:
        matrix = torch.diag(1 / torch.tensor(_RGB_DEVIATION))
        bias = -torch.tensor(_RGB_MEAN) / torch.tensor(_RGB_DEVIATION)
    prepare.load_state_dict({"weight": matrix[:, :, None, None], "bias": bias})
    return prepare
