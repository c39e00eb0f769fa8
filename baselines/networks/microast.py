"""MicroAST: arbitrary style in 0.47 M parameters, without VGG.

Wang, Zhao, Zuo, Li, Chen, Xing, Lu: "MicroAST: Towards Super-Fast Ultra-Resolution Arbitrary Style
Transfer", AAAI 2023. Two micro encoders; the decoder is modulated twice by the style: its features
by AdaIN, and its filters by per-channel weights and biases that a modulator predicts.

The file stands on its own: as ``stylize.py`` in an archive, ``load`` is the entry's function.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

__all__ = ["MicroAST", "load"]

CHANNELS = 64
EPSILON = 1e-5


class _Conv(nn.Module):
    """Convolution after reflection padding."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.pad = nn.ReflectionPad2d(kernel // 2)
        self.conv_layer = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv_layer(self.pad(x))
        return out


class _Residual(nn.Module):
    """x + conv(relu(conv(x))); modulated, each convolution F(x) becomes w·F(x) + b·x."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _Conv(CHANNELS, CHANNELS, 3)
        self.conv2 = _Conv(CHANNELS, CHANNELS, 3)

    def forward(
        self, x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None
    ) -> Tensor:
        if weight is None or bias is None:
            plain: Tensor = self.conv2(self.conv1(x).relu())
            return x + plain
        middle = (weight * self.conv1(x) + bias * x).relu()
        modulated: Tensor = weight * self.conv2(middle) + bias * middle
        return x + modulated


class _Encoder(nn.Module):
    """RGB → two feature maps at a quarter of the size, the second one residual block deeper."""

    def __init__(self) -> None:
        super().__init__()
        self.enc1 = nn.Sequential(
            _Conv(3, 16, 9),
            nn.ReLU(),
            _Conv(16, 32, 3, stride=2, groups=16),
            nn.ReLU(),
            _Conv(32, 32, 1),
            nn.ReLU(),
            _Conv(32, 64, 3, stride=2, groups=32),
            nn.ReLU(),
            _Conv(64, 64, 1),
            nn.ReLU(),
            _Residual(),
        )
        self.enc2 = nn.Sequential(_Residual())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        shallow = self.enc1(x)
        return shallow, self.enc2(shallow)


class _Modulator(nn.Module):
    """Style features → weight and bias [N, 64, 1, 1] of the filters at each depth."""

    def __init__(self) -> None:
        super().__init__()
        self.weight1, self.bias1 = _predictor(), _predictor()
        self.weight2, self.bias2 = _predictor(), _predictor()

    def forward(self, shallow: Tensor, deep: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        predictors = ((self.weight1, shallow), (self.bias1, shallow))
        deeper = ((self.weight2, deep), (self.bias2, deep))
        w1, b1, w2, b2 = (net(x).mean((2, 3), keepdim=True) for net, x in (*predictors, *deeper))
        return w1, b1, w2, b2


def _predictor() -> nn.Sequential:
    return nn.Sequential(_Conv(CHANNELS, CHANNELS, 3, groups=CHANNELS))


class _Decoder(nn.Module):
    """Deep features first, then shallow ones, each modulated; then up to RGB."""

    def __init__(self) -> None:
        super().__init__()
        self.dec1, self.dec2 = _Residual(), _Residual()
        self.dec3 = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear"),
            _Conv(64, 32, 3, groups=32),
            nn.ReLU(),
            _Conv(32, 32, 1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            _Conv(32, 16, 3, groups=16),
            nn.ReLU(),
            _Conv(16, 16, 1),
            nn.ReLU(),
            _Conv(16, 3, 9),
        )

    def forward(self, x: Tensor, style: tuple[Tensor, Tensor], modulation: list[Tensor]) -> Tensor:
        (shallow, deep), (w1, b1, w2, b2) = style, modulation
        x = self.dec1(_adaptive_instance_norm(x, deep), w2, b2)
        x = self.dec2(_adaptive_instance_norm(x, shallow), w1, b1)
        out: Tensor = self.dec3(x)
        return out


def _adaptive_instance_norm(x: Tensor, style: Tensor) -> Tensor:
    (mean, spread), (wanted_mean, wanted_spread) = _moments(x), _moments(style)
    return (x - mean) / spread * wanted_spread + wanted_mean


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    return x.mean((2, 3), keepdim=True), (x.var((2, 3), keepdim=True) + EPSILON).sqrt()


class MicroAST(nn.Module):
    """Content and style in 0..1, of any sizes → stylised, of the content's size and range."""

    def __init__(self) -> None:
        super().__init__()
        self.content_encoder, self.style_encoder = _Encoder(), _Encoder()
        self.modulator, self.decoder = _Modulator(), _Decoder()

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        signals = self.style_encoder(style)
        _, deep = self.content_encoder(content)
        painted: Tensor = self.decoder(deep, signals, self.modulator(*signals))
        return painted[:, :, : content.shape[2], : content.shape[3]].clamp(0, 1)


def load(device: str) -> Callable[[Tensor, Tensor], Tensor]:
    """The entry's function: the network on ``device``, with ``weights.safetensors`` beside it."""
    from safetensors.torch import load_file

    network = MicroAST()
    network.load_state_dict(load_file(Path(__file__).with_name("weights.safetensors")))
    return torch.inference_mode()(network.eval().to(device))
