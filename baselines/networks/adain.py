"""AdaIN: arbitrary style by the moments of VGG's relu4_1.

Huang, Belongie: "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization",
ICCV 2017. Encoder: VGG-19 with normalised activations, reflection padding, its first layer mapping
RGB in 0..1 itself. Modules are numbered as in the published state dicts.
"""

from collections.abc import Iterator

from torch import Tensor, nn

from baselines.networks.statistics import adaptive_instance_norm

__all__ = ["AdaIN", "decoder", "encoder"]


def encoder() -> nn.Sequential:
    """RGB [N, 3, H, W] in 0..1 → relu4_1 [N, 512, ⌈H/8⌉, ⌈W/8⌉]."""
    widths: list[int | None] = [64, 64, None, 128, 128, None, 256, 256, 256, 256, None, 512]
    layers: list[nn.Module] = [nn.Conv2d(3, 3, 1)]
    channels = 3
    for width in widths:
        if width is None:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        else:
            layers += [*_conv(channels, width), nn.ReLU()]
            channels = width
    return nn.Sequential(*layers)


def decoder() -> nn.Sequential:
    """The encoder's mirror: relu4_1 → RGB, without normalisation and with nearest upsampling."""
    widths: list[int | None] = [256, None, 256, 256, 256, 128, None, 128, 64, None, 64]
    layers: list[nn.Module] = []
    channels = 512
    for width in widths:
        if width is None:
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        else:
            layers += [*_conv(channels, width), nn.ReLU()]
            channels = width
    return nn.Sequential(*layers, *_conv(channels, 3))


def _conv(inputs: int, outputs: int) -> Iterator[nn.Module]:
    yield nn.ReflectionPad2d(1)
    yield nn.Conv2d(inputs, outputs, 3)


class AdaIN(nn.Module):
    """Content and style in 0..1, of any sizes → stylised, of the content's size and range."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder(), decoder()

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        features = adaptive_instance_norm(self.encoder(content), self.encoder(style))
        painted: Tensor = self.decoder(features)
        return painted[:, :, : content.shape[2], : content.shape[3]].clamp(0, 1)
