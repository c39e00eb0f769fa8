"""The feed-forward network of perceptual losses: one network a style.

Johnson, Alahi, Fei-Fei: "Perceptual Losses for Real-Time Style Transfer and Super-Resolution",
ECCV 2016. As in the published PyTorch models: instance norm (Ulyanov et al. 2016) for batch norm,
reflection padding at each convolution, and nearest upsampling with a convolution for transposed
convolutions (Odena et al. 2016). Sizes that are no multiple of four come back cropped.
"""

from torch import Tensor, nn
from torch.nn.functional import interpolate

__all__ = ["FeedForward"]


class _Conv(nn.Module):
    """Convolution after reflection padding, optionally after nearest upsampling."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, up: int = 1
    ) -> None:
        super().__init__()
        self.up = up
        self.pad = nn.ReflectionPad2d(kernel // 2)
        self.conv2d = nn.Conv2d(inputs, outputs, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        if self.up > 1:
            x = interpolate(x, scale_factor=float(self.up), mode="nearest")
        out: Tensor = self.conv2d(self.pad(x))
        return out


class _Residual(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = _Conv(channels, channels, 3)
        self.in1 = _norm(channels)
        self.conv2 = _Conv(channels, channels, 3)
        self.in2 = _norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.in2(self.conv2(self.in1(self.conv1(x)).relu()))
        return x + inner


def _norm(channels: int) -> nn.InstanceNorm2d:
    return nn.InstanceNorm2d(channels, affine=True)


class FeedForward(nn.Module):
    """Content [N, 3, H, W] in 0..1 → stylised, the same size and range.

    The network itself works in 0..255. Submodules bear the names of the published state dicts.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.in1 = _Conv(3, 32, 9), _norm(32)
        self.conv2, self.in2 = _Conv(32, 64, 3, stride=2), _norm(64)
        self.conv3, self.in3 = _Conv(64, 128, 3, stride=2), _norm(128)
        self.res1, self.res2, self.res3 = _Residual(128), _Residual(128), _Residual(128)
        self.res4, self.res5 = _Residual(128), _Residual(128)
        self.deconv1, self.in4 = _Conv(128, 64, 3, up=2), _norm(64)
        self.deconv2, self.in5 = _Conv(64, 32, 3, up=2), _norm(32)
        self.deconv3 = _Conv(32, 3, 9)

    def forward(self, content: Tensor) -> Tensor:
        x = self.in1(self.conv1(content * 255)).relu()
        x = self.in2(self.conv2(x)).relu()
        x = self.in3(self.conv3(x)).relu()
        for block in (self.res1, self.res2, self.res3, self.res4, self.res5):
            x = block(x)
        x = self.in4(self.deconv1(x)).relu()
        x = self.in5(self.deconv2(x)).relu()
        painted: Tensor = self.deconv3(x) / 255
        return painted[:, :, : content.shape[2], : content.shape[3]].clamp(0, 1)
