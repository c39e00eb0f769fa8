"""Layers that our own networks are made of: padded convolutions, modulated norms, residuals."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import instance_norm, interpolate

__all__ = ["Conv", "Norm", "Residual", "Stage"]


class Conv(nn.Module):
    """Convolution after reflection padding, optionally after nearest upsampling by two."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, up: int = 1
    ) -> None:
        super().__init__()
        self.up = up
        self.pad = nn.ReflectionPad2d(kernel // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        if self.up > 1:
            x = interpolate(x, scale_factor=float(self.up), mode="nearest")
        out: Tensor = self.conv(self.pad(x))
        return out


class Norm(nn.Module):
    """Instance norm (Ulyanov et al. 2016), then scale γ and shift β for each channel.

    With ``code`` = 0 they are the layer's own. Otherwise they are linear in a code [N, ``code``]:
    for a one-hot code that is conditional instance norm (Dumoulin et al. 2017, equation 5), for
    a learned one it is what AdaIN and StyleGAN's first version do.
    """

    def __init__(self, channels: int, code: int = 0) -> None:
        super().__init__()
        self.channels = channels
        self.linear = nn.Linear(code, 2 * channels, bias=True) if code else None
        if self.linear is None:
            self.scale = nn.Parameter(torch.zeros(channels))
            self.shift = nn.Parameter(torch.zeros(channels))
        else:
            nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        normed = instance_norm(x, eps=1e-5)
        if self.linear is None:
            scale, shift = self.scale.view(1, -1, 1, 1), self.shift.view(1, -1, 1, 1)
            return normed * (1 + scale) + shift
        if code is None:
            raise ValueError("a conditional norm needs a code")
        both: Tensor = self.linear(code)[:, :, None, None]
        return normed * (1 + both[:, : self.channels]) + both[:, self.channels :]


class Stage(nn.Module):
    """Convolution, norm, ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        up: int = 1,
        code: int = 0,
    ) -> None:
        super().__init__()
        self.conv = Conv(inputs, outputs, kernel, stride=stride, up=up)
        self.norm = Norm(outputs, code)

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        normed: Tensor = self.norm(self.conv(x), code)
        return normed.relu()


class Residual(nn.Module):
    """x + norm(conv(stage(x))): He et al. 2016 without a ReLU after the sum, as Johnson et al."""

    def __init__(self, channels: int, code: int = 0) -> None:
        super().__init__()
        self.stage = Stage(channels, channels, code=code)
        self.conv = Conv(channels, channels, 3)
        self.norm = Norm(channels, code)

    def forward(self, x: Tensor, code: Tensor | None = None) -> Tensor:
        inner: Tensor = self.norm(self.conv(self.stage(x, code)), code)
        return x + inner
