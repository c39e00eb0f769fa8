"""Universal style transfer: whitening and colouring of features, decoders that only reconstruct.

Li, Fang, Yang, Wang, Lu, Yang: "Universal Style Transfer via Feature Transforms", NIPS 2017.
Decoders learn L = ‖I_o − I_i‖² + λ ‖Φ(I_o) − Φ(I_i)‖² (equation 1) and never see a style. A
picture passes the levels from the deepest to the shallowest; at each its features are whitened and
coloured (2, 3) and blended with its own, α f_cs + (1 − α) f_c (4). Departures:
- covariance roots by Newton–Schulz (``networks/statistics``), which ONNX can express;
- levels conv4_1 … conv2_1 instead of conv5_1 … conv1_1, and squared errors free of scale;
- decoders learn by Muon (``training/optimisers``);
- gradients are clipped, rates fall over the last steps, a running mean is exported (``training``);
- α is an input ``strength`` of the ONNX model, with a default: judges leave it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from baselines.card import Card
from baselines.features import feature_network
from baselines.losses import relative_error
from baselines.methods.adain import decoder_for
from baselines.networks.statistics import whiten_and_colour
from baselines.training.optimisers import optimisers
from baselines.training.pictures import Batch, Pictures
from baselines.training.settings import FIRST_FEATURES, SMOKE_FEATURES, Settings
from baselines.training.task import Task, Trained, descend

__all__ = ["METHOD", "PRESETS", "Cascade", "WCTSettings", "WCTTask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WCTSettings(Settings):
    """``levels`` from the deepest on; ``strength`` is the default of α."""

    levels: tuple[str, ...] = ("conv4_1", "conv3_1", "conv2_1")
    strength: float = 0.6


PRESETS = {
    "smoke": WCTSettings(
        steps=3, batch=1, crop=64, load=72, width=4, features=SMOKE_FEATURES, grid_every=3
    ),
    "cpu": WCTSettings(steps=300, batch=2, crop=96, load=160, width=32, muon=4e-3, references=True),
    "gpu": WCTSettings(
        steps=10_000,
        batch=8,
        crop=256,
        load=384,
        width=64,
        muon=4e-3,
        references=True,
        precision="bfloat16",
        average=0.999,
    ),
}


class Cascade(nn.Module):
    """Content and style in 0..1, of any sizes → stylised, of the content's size and range."""

    def __init__(self, settings: WCTSettings) -> None:
        super().__init__()
        self.encoder = feature_network(settings.features, settings.levels, encoder=True)
        self.decoders = nn.ModuleDict(
            {level: decoder_for(self.encoder, level, settings.width) for level in settings.levels}
        )
        self.strength = nn.Buffer(torch.tensor(settings.strength))

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        wanted = self.encoder(style)
        x = content
        for level, decoder in self.decoders.items():
            own = self.encoder(x, [level])[level]
            moved = whiten_and_colour(own, wanted[level])
            x = _cropped(decoder(own + self.strength * (moved - own)), content).clamp(0, 1)
        return x


def _cropped(painted: Tensor, like: Tensor) -> Tensor:
    """To the size of ``like``: encoders round sizes up where they halve them."""
    return painted[:, :, : like.shape[2], : like.shape[3]]


class WCTTask(Task):
    """Trains each level's decoder to give back photographs and works alike."""

    def __init__(self, network: Cascade, settings: Settings) -> None:
        self.settings, self._cascade = settings, network
        self.modules = nn.ModuleDict({"network": network})
        self.optimisers = optimisers("decoders", network.decoders.parameters(), settings)

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        output: Tensor = network(batch.content, batch.style)
        return output

    def step(self, batch: Batch) -> dict[str, Tensor]:
        pictures = torch.cat([batch.content, batch.style])
        encoder = self._cascade.encoder
        with torch.no_grad():
            given = encoder(pictures)
        pixels, features = pictures.new_zeros(()), pictures.new_zeros(())
        for level, decoder in self._cascade.decoders.items():
            output = _cropped(decoder(given[level]), pictures)
            pixels = pixels + relative_error(output, pictures)
            features = features + relative_error(encoder(output, [level])[level], given[level])
        loss = pixels + self.settings.content_weight * features
        descend(self.optimisers, loss)
        return {"pixels": pixels, "features": features, "loss": loss}


def network(settings: Settings, styles: tuple[str, ...]) -> nn.Module:
    assert isinstance(settings, WCTSettings)  # noqa: S101  (tells mypy)
    return Cascade(settings)


def task(made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device) -> Task:
    assert isinstance(made, Cascade)  # noqa: S101  (tells mypy)
    return WCTTask(made, settings)


METHOD = Trained(
    name="wct",
    card=Card(
        name="WCT",
        authors="The StyleArena developers, after Y. Li, C. Fang, J. Yang, Z. Wang, X. Lu, "
        "M.-H. Yang",
        paper="Universal Style Transfer via Feature Transforms, NIPS 2017",
        licence="Apache-2.0; the encoder's weights under their own",
    ),
    presets=PRESETS,
    network=network,
    task=task,
    ignores=FIRST_FEATURES | {"content_layer", "style_layers", "style_weight"},
    inputs=("strength",),
    tolerance=5e-3,
)
