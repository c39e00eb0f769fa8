"""StyleGAN2's parts: mapping network, modulated convolutions, skips to RGB; led by a content.

Karras, Laine, Aittala, Hellsten, Lehtinen, Aila: "Analyzing and Improving the Image Quality of
StyleGAN", CVPR 2020. Learning rates are equalised as in that line of work: weights are drawn with
one deviation, 1 / ``PACE``, whatever the layer's size, and scaled when they are used. ``PACE`` is
the authors' ``lrmul``: the encoders beside them want a tenth of the rate of such weights.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.networks.generator import FIRST_CHANGE, StyleEncoder, painted, recoloured

__all__ = ["Mapping", "ModulatedConv", "StyleGAN2Generator"]

SLOPE = 0.2
GAIN = 2**0.5
EPSILON = 1e-8
PACE = 10.0


class _EqualLinear(nn.Module):
    def __init__(self, inputs: int, outputs: int, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / PACE)
        self.bias = nn.Parameter(torch.full((outputs,), bias / PACE))
        self.scale = PACE / math.sqrt(inputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * PACE)


class Mapping(nn.Module):
    """z → w: normalised to unit mean square, then fully connected layers."""

    def __init__(self, code: int, layers: int = 4) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_EqualLinear(code, code) for _ in range(layers))

    def forward(self, z: Tensor) -> Tensor:
        x = z * (z.square().mean(1, keepdim=True) + EPSILON).rsqrt()
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE) * GAIN
        return x


class ModulatedConv(nn.Module):
    """Equations 1 and 3: w'_ijk = s_i w_ijk, w''_ijk = w'_ijk / √(Σ_ik w'_ijk² + ε).

    Scaling the input by s and the output by the demodulation is the same and needs no weights for
    each picture: Σ_ik (s_i w_ijk)² = Σ_i s_i² Σ_k w_ijk².
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, code: int, *, demodulate: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel) / PACE)
        self.scale = PACE / math.sqrt(inputs * kernel * kernel)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.style = _EqualLinear(code, inputs, bias=1.0)
        self.demodulate = demodulate
        self.padding = kernel // 2

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        s = self.style(w)
        weight = self.weight * self.scale
        x = F.pad(x * s[:, :, None, None], (self.padding,) * 4, mode="reflect")
        out = F.conv2d(x, weight)
        if self.demodulate:
            norm = s.square() @ weight.square().sum((2, 3)).T
            out = out * (norm + EPSILON).rsqrt()[:, :, None, None]
        return out + self.bias.view(1, -1, 1, 1) * PACE


class _Block(nn.Module):
    """Twice the size, the content's features of that size beside it, two convolutions, to RGB."""

    def __init__(self, inputs: int, beside: int, outputs: int, code: int) -> None:
        super().__init__()
        self.first = ModulatedConv(inputs + beside, outputs, 3, code)
        self.second = ModulatedConv(outputs, outputs, 3, code)
        self.to_rgb = ModulatedConv(outputs, 3, 1, code, demodulate=False)
        with torch.no_grad():  # training begins near the content: what is added to it is small
            self.to_rgb.weight.mul_(FIRST_CHANGE)

    def forward(self, x: Tensor, beside: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.cat([_doubled(x, beside), beside], dim=1)
        x = F.leaky_relu(self.first(x, w), SLOPE) * GAIN
        x = F.leaky_relu(self.second(x, w), SLOPE) * GAIN
        return x, self.to_rgb(x, w)


def _doubled(x: Tensor, like: Tensor) -> Tensor:
    """Bilinear ×2, cropped to the size of ``like``, which was rounded up when it was halved."""
    large = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
    return large[:, :, : like.shape[2], : like.shape[3]]


class StyleGAN2Generator(nn.Module):
    """Content and style in 0..1, of any sizes → stylised, of the content's size."""

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        w = width
        widths = (w, 2 * w, 4 * w, 4 * w)
        self.style = StyleEncoder(width, code)
        self.mapping = Mapping(code)
        self.encode = nn.ModuleList()
        before = 3
        for index, after in enumerate(widths):
            stride = 1 if index == 0 else 2
            self.encode.append(nn.Conv2d(before, after, 3, stride, 1, padding_mode="reflect"))
            before = after
        self.start = ModulatedConv(widths[3], widths[3], 3, code)
        self.blocks = nn.ModuleList(
            _Block(widths[index + 1], widths[index], widths[index], code) for index in (2, 1, 0)
        )

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        w = self.mapping(self.style(style))
        found: list[Tensor] = []
        content = recoloured(content, style)
        x = 2 * content - 1
        for conv in self.encode:
            x = F.leaky_relu(conv(x), SLOPE)
            found.append(x)
        x = F.leaky_relu(self.start(x, w), SLOPE) * GAIN
        rgb = torch.zeros_like(found[-1][:, :3])
        for block, beside in zip(self.blocks, reversed(found[:-1]), strict=True):
            x, more = block(x, beside, w)
            rgb = _doubled(rgb, more) + more
        return painted(content, rgb)
