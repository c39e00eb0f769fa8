"""SSIM: structural similarity of output and content picture, on luminance.

Wang, Bovik, Sheikh and Simoncelli 2004, "Image quality assessment: from error visibility to
structural similarity" (IEEE Transactions on Image Processing), eq. 13, computed by scikit-image's
``structural_similarity`` with the paper's settings: Gaussian window of σ 1.5 (11 × 11), K₁ 0.01,
K₂ 0.03, population covariances, a margin of half a window left out. Luminance is ITU-R BT.601's
0.299 R + 0.587 G + 0.114 B, unrounded: style transfer is meant to change colours, and papers that
average over RGB say so.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SsimMeasure", "luminance", "ssim"]

BT601 = (0.299, 0.587, 0.114)


def luminance(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """uint8 RGB [H, W, 3] to float64 [H, W] in 0..255."""
    # Not a matrix product: its rounding may depend on the number of threads.
    red, green, blue = (pixels[..., channel].astype(np.float64) for channel in range(3))
    return BT601[0] * red + BT601[1] * green + BT601[2] * blue


def ssim(output: NDArray[np.uint8], content: NDArray[np.uint8]) -> float:
    """Mean structural similarity of two pictures of one size, uint8 RGB [H, W, 3]. In [−1, 1]."""
    from skimage.metrics import structural_similarity

    return float(
        structural_similarity(  # type: ignore[no-untyped-call]
            luminance(output),
            luminance(content),
            data_range=255.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


@dataclass(frozen=True, slots=True)
class SsimMeasure:
    """The similarity, which has no parameters."""

    def value(self, output: NDArray[np.uint8], content: NDArray[np.uint8]) -> float:
        return ssim(output, content)
