"""DCGAN's networks, the generator led by pictures instead of noise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.networks.generator import FIRST_CHANGE, StyleEncoder, painted, recoloured

__all__ = ["DCGANDiscriminator", "DCGANGenerator"]

SLOPE = 0.2
MOMENTUM = 0.02  # of the generator's batch norms: one small batch tells little of all pictures
SPREAD = 0.02  # section 4 of the paper: weights from N(0, 0.02)


def _initialise(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(part.weight, std=SPREAD)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.weight, mean=1.0, std=SPREAD)


class DCGANGenerator(nn.Module):
    """Content and style in 0..1, of any sizes → a picture of the content's size.

    Strided convolutions down to an eighth, the style's code beside them at every place, transposed
    convolutions up, each given what the way down had at its size; batch norm and ReLU between, at
    the end the tanh of what was found and of what the recoloured content is the tanh of.
    """

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        w = width
        self.style = StyleEncoder(width, code)
        self.encode = nn.ModuleList([_down(3, w), _down(w, 2 * w), _down(2 * w, 4 * w)])
        self.decode = nn.ModuleList([_Up(4 * w + code, 4 * w, code), _Up(6 * w, 2 * w, code)])
        self.paint = nn.ConvTranspose2d(3 * w, 3, 4, 2, 1)
        for part in (self.encode, self.decode, self.paint):
            _initialise(part)
        with torch.no_grad():
            self.paint.weight.mul_(FIRST_CHANGE)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        coloured = recoloured(content, style)
        found = [2 * coloured - 1]
        for layer in self.encode:
            found.append(layer(found[-1]))
        code = self.style(style)
        x = torch.cat([found[3], code[:, :, None, None].expand(-1, -1, *found[3].shape[2:])], dim=1)
        for layer, beside in zip(self.decode, (found[2], found[1]), strict=True):
            x = torch.cat([_cropped(layer(x, code), beside), beside], dim=1)
        return painted(coloured, 2 * self.paint(x))  # sigmoid(2 x) = (tanh(x) + 1) / 2


def _cropped(x: Tensor, like: Tensor) -> Tensor:
    """To the size of ``like``, which was rounded up when it was halved."""
    return x[:, :, : like.shape[2], : like.shape[3]]


def _down(inputs: int, outputs: int) -> nn.Sequential:
    """Rounds sizes up, so that the way back covers the whole picture."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 5, 2, 2, bias=False),
        nn.BatchNorm2d(outputs, momentum=MOMENTUM),
        nn.ReLU(),
    )


class _Up(nn.Module):
    """Transposed convolution, batch norm whose scale and shift are linear in the code, ReLU.

    De Vries et al.: "Modulating early visual processing by language", NIPS 2017, section 3.2.
    """

    def __init__(self, inputs: int, outputs: int, code: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs, momentum=MOMENTUM)
        self.linear = nn.Linear(code, 2 * outputs)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        scale, shift = self.linear(code)[:, :, None, None].chunk(2, dim=1)
        painted: Tensor = self.norm(self.conv(x)) * (1 + scale) + shift
        return painted.relu()


class DCGANDiscriminator(nn.Module):
    """Pictures [N, 3, H, W] in 0..1 → one score each [N], no sigmoid.

    Four strided convolutions with batch norm but in the first, LeakyReLU, then the mean of a last
    convolution, so that any size will do.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(SLOPE)]
        for index in range(3):
            before, after = width << index, width << (index + 1)
            layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), nn.BatchNorm2d(after)]
            layers.append(nn.LeakyReLU(SLOPE))
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 3, 1, 1))
        _initialise(self)

    def forward(self, pictures: Tensor) -> Tensor:
        scores: Tensor = self.layers(2 * pictures - 1)
        return scores.mean((1, 2, 3))
