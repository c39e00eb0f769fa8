"""The ResNet generator of Johnson et al. and CycleGAN, and the encoder that gives it a style.

Two strided convolutions down, residual blocks, two upsamplings. Departures that all methods built
on it share: reflection padding throughout, nearest upsampling before a convolution instead of
transposed convolutions (Odena et al. 2016), and the network paints a change of the content in
logits, sigmoid(logit(content) + network(content)), so that training starts near the content; near
the content in the style's colours (``recoloured``) where the network is given a style.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.networks.layers import Conv, Residual, Stage
from baselines.networks.statistics import adaptive_instance_norm, moments

__all__ = [
    "FIRST_CHANGE",
    "ResnetGenerator",
    "StyleEncoder",
    "StyledGenerator",
    "painted",
    "recoloured",
]

MARGIN = 0.02  # pictures are brought into MARGIN..1 − MARGIN, whose logits are finite
FIRST_CHANGE = 0.1  # of the usual spread of the last layer's weights


def recoloured(content: Tensor, style: Tensor) -> Tensor:
    """The content with the mean and deviation of each of the style's channels, in 0..1.

    Reinhard et al. 2001, in RGB: what there is to learn is the rest.
    """
    return adaptive_instance_norm(content, style).clamp(0, 1)


def painted(content: Tensor, change: Tensor) -> Tensor:
    """sigmoid(logit(content) + change), cropped to the content's size."""
    bright = content * (1 - 2 * MARGIN) + MARGIN
    logits = bright.log() - (1 - bright).log()
    return torch.sigmoid(logits + change[:, :, : content.shape[2], : content.shape[3]])


class ResnetGenerator(nn.Module):
    """Content [N, 3, H, W] in 0..1 and a code [N, ``code``], if it has one → the same size."""

    def __init__(self, width: int, blocks: int, *, code: int = 0, kernel: int = 9) -> None:
        super().__init__()
        w = width
        self.down = nn.ModuleList(
            [
                Stage(3, w, kernel, code=code),
                Stage(w, 2 * w, stride=2, code=code),
                Stage(2 * w, 4 * w, stride=2, code=code),
            ]
        )
        self.blocks = nn.ModuleList([Residual(4 * w, code) for _ in range(blocks)])
        self.up = nn.ModuleList(
            [Stage(4 * w, 2 * w, up=2, code=code), Stage(2 * w, w, up=2, code=code)]
        )
        self.paint = Conv(w, 3, kernel)
        with torch.no_grad():
            self.paint.conv.weight.mul_(FIRST_CHANGE)

    def forward(self, content: Tensor, code: Tensor | None = None) -> Tensor:
        x = 2 * content - 1
        for layer in (*self.down, *self.blocks, *self.up):
            x = layer(x, code)
        return painted(content, self.paint(x))

    def taps(self, content: Tensor) -> list[Tensor]:
        """Feature maps of the encoding half: pixels, both halvings, the first and the middle block.

        With one or two blocks the last two are the same.
        """
        found = [2 * content - 1]
        for layer in (*self.down, *self.blocks[: (len(self.blocks) + 1) // 2]):
            found.append(layer(found[-1]))
        first = 1 + len(self.down)
        return [found[0], found[2], found[3], found[first], found[-1]]


class StyleEncoder(nn.Module):
    """A style picture [N, 3, h, w] in 0..1 → its code [N, ``code``].

    The means and deviations of learned features at four scales, then two linear layers: what AdaIN
    takes from VGG, from a network a hundred times smaller.
    """

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        widths = (width, 2 * width, 4 * width, 4 * width)
        self.convs = nn.ModuleList()
        before = 3
        for index, after in enumerate(widths):
            self.convs.append(Conv(before, after, 5 if index == 0 else 3, stride=2))
            before = after
        self.head = nn.Sequential(
            nn.Linear(2 * sum(widths), 2 * code), nn.LeakyReLU(0.2), nn.Linear(2 * code, code)
        )

    def forward(self, style: Tensor) -> Tensor:
        x = 2 * style - 1
        found: list[Tensor] = []
        for conv in self.convs:
            x = conv(x)
            found += [part[:, :, 0, 0] for part in moments(x)]
            x = x.relu()
        code: Tensor = self.head(torch.cat(found, dim=1))
        return code


class StyledGenerator(nn.Module):
    """Content and style in 0..1, of any sizes → stylised: the generator led by a style encoder."""

    def __init__(self, width: int, blocks: int, code: int) -> None:
        super().__init__()
        self.encoder = StyleEncoder(width, code)
        self.generator = ResnetGenerator(width, blocks, code=code)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        out: Tensor = self.generator(recoloured(content, style), self.encoder(style))
        return out
