"""Gatys' method as an entry: the weights of VGG-19, the options and ``gatys_entry`` in an archive.

Nothing is trained. The presets differ in the features and in how long a picture is optimised.
"""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import save
from torch import Tensor

from baselines.archive import write_archive
from baselines.card import Card, departures_in
from baselines.features import FeatureNetwork, VggFeatures, feature_network, require_weights
from baselines.methods import gatys_entry
from baselines.methods.gatys_entry import Optimisation, loss_of
from baselines.parity import of_another_kind, open_exported
from baselines.training.settings import COMPACT_FEATURES, SMOKE_FEATURES, refused
from evaluator.errors import ParticipantError

__all__ = [
    "CARD",
    "NAME",
    "PRESETS",
    "GatysSettings",
    "check_gatys",
    "export_gatys",
    "features_for",
    "require_vgg",
    "vgg_for",
]

NAME = "gatys"
CHECKED_SIZES = ((65, 81), (72, 59))
SEED = 11
ENTRY = "stylize.py"
WITHOUT_VGG = (
    f', or paint far less well without them by a --config file of features = "{COMPACT_FEATURES}", '
    'content_layer = "conv4_1", style_layers = ["conv1_1", "conv2_1", "conv3_1", "conv4_1"]'
)

CARD = Card(
    name="Gatys",
    authors="The StyleArena developers, after L. A. Gatys, A. S. Ecker, M. Bethge",
    paper="Image Style Transfer Using Convolutional Neural Networks, CVPR 2016",
    licence="Apache-2.0; the weights of VGG-19 under their own",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatysSettings:
    """``features`` as for ``baselines.features``; the rest as in ``Optimisation``.

    α, β and the layers are those of the protocol ``standard-1``: what it ranks by is minimised.
    """

    features: str = "vgg19-torchvision"
    content_layer: str = "conv4_2"
    style_layers: tuple[str, ...] = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    content_weight: float = 1.0
    style_weight: float = 1e5
    strength: float = 1.0
    scales: tuple[float, ...] = (0.5, 1.0)
    iterations: tuple[int, ...] = (60, 60)
    preserve_colours: bool = False

    def __post_init__(self) -> None:
        """Raise ParticipantError ``baseline.config`` for what could not be optimised."""
        if not self.style_layers:
            raise refused("style_layers must name at least one layer.")
        if len(self.scales) != len(self.iterations) or not self.scales:
            raise refused("iterations must hold a number for each of scales.")
        if any(type(count) is not int or count < 1 for count in self.iterations):
            raise refused("iterations must be whole numbers from 1 on.")
        if not all(0 < scale <= 1 for scale in self.scales) or self.scales[-1] != 1:
            raise refused("scales must be shares of the size, the last of them 1.")
        for name in ("content_weight", "style_weight", "strength"):
            if not 0 <= getattr(self, name) < math.inf:
                raise refused(f"{name} must be a finite number from 0 on.")

    def optimisation(self) -> Optimisation:
        """What ``stylise`` takes."""
        values = asdict(self)
        del values["features"]
        return Optimisation(**values)


PRESETS: Mapping[str, GatysSettings] = {
    "smoke": GatysSettings(features=SMOKE_FEATURES, iterations=(2, 2)),
    "cpu": GatysSettings(iterations=(12, 12)),  # a pair has 30 s, and cores may be few
    "gpu": GatysSettings(scales=(0.25, 0.5, 1.0), iterations=(200, 200, 300)),
}


def features_for(settings: GatysSettings) -> FeatureNetwork:
    """What ``stylize`` compares; ParticipantError ``baseline.features``."""
    require_weights(settings.features, otherwise=WITHOUT_VGG)
    return feature_network(settings.features, {settings.content_layer, *settings.style_layers})


def vgg_for(settings: GatysSettings) -> VggFeatures:
    """VGG-19 as far as an entry needs it; ParticipantError ``baseline.features``."""
    require_vgg(settings)
    network = features_for(settings)
    assert isinstance(network, VggFeatures)  # noqa: S101  (tells mypy what was required)
    return network


def require_vgg(settings: GatysSettings) -> None:
    """Raise ParticipantError ``baseline.features`` where an entry could not be made; loads none."""
    require_weights(settings.features, otherwise="")
    if settings.features == COMPACT_FEATURES:
        raise ParticipantError(
            "baseline.features",
            f"An entry of {NAME} holds VGG-19 itself, and {settings.features} is not; set features "
            'to "vgg19-caffe" or "vgg19-torchvision" in a --config file.',
        )


def export_gatys(folder: Path, *, settings: GatysSettings, preset: str) -> Path:
    """Write ``folder/gatys.zip`` and return its path."""
    state = vgg_for(settings).state_dict()
    weights = {key.removeprefix("convs."): value.half() for key, value in state.items()}
    # Means of 0..255 need all digits; they are twelve numbers.
    weights |= {key: value for key, value in state.items() if key.startswith("prepare.")}
    numbers = " + ".join(str(count) for count in settings.iterations)
    training = (
        f"none: each picture is optimised, {numbers} iterations of L-BFGS (preset {preset}) on "
        f"{settings.features} in half precision"
    )
    card = replace(CARD, training=training, departures=departures_in(gatys_entry.__doc__ or ""))
    files = {
        "entry.toml": card.to_toml(runtime="python", target="stylize:load").encode(),
        ENTRY: _own_source(),
        "weights.safetensors": save(weights),
        "options.json": json.dumps(settings.optimisation()._asdict()).encode(),
    }
    return write_archive(folder / f"{NAME}.zip", files)


def check_gatys(archive: Path, *, settings: GatysSettings) -> float:
    """The share of the content's loss that the archive's own function leaves on a small pair.

    Also raises what the evaluator's static checks raise; ParticipantError ``baseline.parity``
    unless it is an entry of this method, the loss fell and the picture is finite.
    """
    features, options = vgg_for(settings), settings.optimisation()
    random = torch.Generator().manual_seed(SEED)
    content, style = (torch.rand(1, 3, *size, generator=random) for size in CHECKED_SIZES)
    with TemporaryDirectory(prefix="stylearena-") as folder:
        entry = open_exported(archive, Path(folder) / "entry")
        source = entry.root / ENTRY
        if not source.is_file() or source.read_bytes() != _own_source():
            raise of_another_kind(archive)
        found = _loaded(source)(content, style)
    loss = loss_of(features, content, [(style, 1.0)], options)
    with torch.no_grad():
        left = float(loss(found) / loss(content))
    if not left < 1.0:
        raise ParticipantError(
            "baseline.parity",
            f"{archive.name} leaves {left:.2g} of the content's loss, so that nothing was gained; "
            "give it more iterations and export it again.",
        )
    return left


def _own_source() -> bytes:
    return Path(gatys_entry.__file__).read_bytes()


def _loaded(source: Path) -> Callable[[Tensor, Tensor], Tensor]:
    """The function of an unpacked entry of ours, from its own file."""
    spec = importlib.util.spec_from_file_location("stylize", source)
    assert spec is not None  # noqa: S101  (a path that ends in .py has one)
    assert spec.loader is not None  # noqa: S101  (likewise)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[Tensor, Tensor], Tensor] = module.load("cpu")
    return function
