"""Arbitrary style by the moments of an encoder's features, with a decoder that is learnt.

Huang, Belongie: "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization",
ICCV 2017: t = AdaIN(f(c), f(s)) (equation 10), T(c, s) = g(t) (11); the decoder g learns
L = L_c + λ L_s (12), L_c = ‖f(g(t)) − t‖ (13), L_s on means and deviations (14). Departures:
- squared errors over the target's mean square instead of norms (``losses``);
- VGG-19 as registered, not the authors' normalised one, and a decoder of ``width`` channels;
- no α between content and style: T(c, s) alone;
- without a GPU, Muon (at 4e-3 the decoder dies after some three hundred steps);
- gradients are clipped, rates fall over the last steps, a running mean is exported (``training``);
- with ``features = "compact-vgg"`` the encoder is the network that ships with StyleArena.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from baselines.card import Card
from baselines.features import FeatureNetwork, feature_network
from baselines.losses import relative_error
from baselines.networks.decoder import Decoder
from baselines.networks.statistics import adaptive_instance_norm, moments
from baselines.training.optimisers import optimisers
from baselines.training.pictures import Batch, Pictures
from baselines.training.settings import FIRST_FEATURES, SMOKE_FEATURES, Settings
from baselines.training.task import Task, Trained, descend

__all__ = ["METHOD", "PRESETS", "AdaINTask", "Transfer", "decoder_for"]

NOISE = 64  # pixels a side

PRESETS = {
    "smoke": Settings(
        steps=3, batch=2, crop=64, load=72, width=4, features=SMOKE_FEATURES, grid_every=3
    ),
    "cpu": Settings(
        steps=900,
        batch=2,
        crop=96,
        load=160,
        width=32,
        muon=1.5e-3,
        style_weight=10.0,
        references=True,
    ),
    "gpu": Settings(
        steps=20_000,
        batch=8,
        crop=256,
        load=384,
        width=64,
        style_weight=10.0,
        references=True,
        precision="bfloat16",
        average=0.999,
    ),
}


def decoder_for(encoder: FeatureNetwork, layer: str, width: int) -> Decoder:
    """A decoder that doubles sizes as often as the encoder's layer has halved them.

    The spread of the features is that of seeded noise.
    """
    halvings = round(math.log2(encoder.strides[layer]))
    noise = torch.rand(1, 3, NOISE, NOISE, generator=torch.Generator().manual_seed(NOISE))
    with torch.no_grad():
        spread = float(encoder(noise, [layer])[layer].square().mean().sqrt())
    widths = [encoder.channels[layer], *(width << i for i in reversed(range(halvings)))]
    return Decoder(widths, spread)


class Transfer(nn.Module):
    """Content and style in 0..1, of any sizes → stylised, of the content's size and range."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.layer = settings.content_layer
        layers = {self.layer, *settings.style_layers}
        self.encoder = feature_network(settings.features, layers, encoder=True)
        self.decoder = decoder_for(self.encoder, self.layer, settings.width)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        source, wanted = (self.encoder(x, [self.layer])[self.layer] for x in (content, style))
        painted: Tensor = self.decoder(adaptive_instance_norm(source, wanted))
        return painted[:, :, : content.shape[2], : content.shape[3]].clamp(0, 1)


class AdaINTask(Task):
    """Trains the decoder; the encoder stays as it came."""

    def __init__(self, network: Transfer, settings: Settings) -> None:
        self.settings, self._transfer = settings, network
        self.modules = nn.ModuleDict({"network": network})
        self.optimisers = optimisers("decoder", network.decoder.parameters(), settings)

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        output: Tensor = network(batch.content, batch.style)
        return output

    def step(self, batch: Batch) -> dict[str, Tensor]:
        encoder, layer = self._transfer.encoder, self._transfer.layer
        with torch.no_grad():
            wanted = encoder(batch.style)
            source = encoder(batch.content, [layer])[layer]
            target = adaptive_instance_norm(source, wanted[layer])
        found = encoder(self._transfer.decoder(target))
        content = relative_error(found[layer], target)
        style = torch.stack(
            [
                relative_error(a, b)
                for name in self.settings.style_layers
                for a, b in zip(moments(found[name]), moments(wanted[name]), strict=True)
            ]
        ).mean()
        loss = self.settings.content_weight * content + self.settings.style_weight * style
        descend(self.optimisers, loss)
        return {"content": content, "style": style, "loss": loss}


def network(settings: Settings, styles: tuple[str, ...]) -> nn.Module:
    return Transfer(settings)


def task(made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device) -> Task:
    assert isinstance(made, Transfer)  # noqa: S101  (tells mypy)
    return AdaINTask(made, settings)


METHOD = Trained(
    name="adain",
    card=Card(
        name="AdaIN",
        authors="The StyleArena developers, after X. Huang, S. Belongie",
        paper="Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, "
        "ICCV 2017",
        licence="Apache-2.0; the encoder's weights under their own",
    ),
    presets=PRESETS,
    network=network,
    task=task,
    ignores=FIRST_FEATURES,
)
