"""Statistics of feature maps that carry style."""

from torch import Tensor

__all__ = ["adaptive_instance_norm"]

EPSILON = 1e-5


def adaptive_instance_norm(x: Tensor, style: Tensor) -> Tensor:
    """``x`` [N, C, H, W] with each channel's mean and deviation taken from ``style`` [N, C, h, w].

    Huang, Belongie: "Arbitrary Style Transfer in Real-time with AdaIN", ICCV 2017, equation 8;
    deviations are of the unbiased variance plus 1e-5, as in the published implementations.
    """
    (mean, spread), (wanted_mean, wanted_spread) = _moments(x), _moments(style)
    return (x - mean) / spread * wanted_spread + wanted_mean


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    variance = x.var((2, 3), keepdim=True)
    return x.mean((2, 3), keepdim=True), (variance + EPSILON).sqrt()
