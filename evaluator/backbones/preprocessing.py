"""From pixels to what a perceptual network was trained on.

Shared by VGG, SqueezeNet and AlexNet. Inception has its own, with the resizing FID is known by.
"""

import torch
from torch import Tensor

__all__ = ["preprocess"]

_RGB_MEAN, _RGB_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BGR_MEAN = (103.939, 116.779, 123.68)
# ImageNet's mean and deviation as LPIPS writes them for −1..1, each to three digits.
_LPIPS_SHIFT, _LPIPS_SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


def preprocess(pixels: Tensor, preprocessing: str) -> Tensor:
    """uint8 RGB [N, H, W, 3] to what the weights were trained on, float32 [N, 3, H, W].

    "torchvision": RGB in 0..1, minus ImageNet's mean, by its deviation. "caffe": BGR in 0..255
    minus its mean. "lpips": RGB in −1..1, shifted and scaled as LPIPS v0.1 does. The result lies
    channels-last in memory, as the pixels do. ValueError for any other.
    """
    x = pixels.permute(0, 3, 1, 2).float()
    if preprocessing == "caffe":
        return x.flip(1) - _column(_BGR_MEAN, x)
    if preprocessing == "torchvision":
        return (x / 255 - _column(_RGB_MEAN, x)) / _column(_RGB_DEVIATION, x)
    if preprocessing == "lpips":
        return (2 * (x / 255) - 1 - _column(_LPIPS_SHIFT, x)) / _column(_LPIPS_SCALE, x)
    raise ValueError(f"perceptual networks know no preprocessing {preprocessing!r}")


def _column(values: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device).view(1, -1, 1, 1)
