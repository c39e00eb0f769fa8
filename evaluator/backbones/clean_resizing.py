"""clean-FID's resizing: Pillow's bicubic filter in floating point on each channel, no aliasing.

Parmar et al. 2022, "On aliased resizing and surprising subtleties in GAN evaluation", as in
clean-fid's mode "clean". Needs no torch.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluator.backbones.inception_layers import SIDE

__all__ = ["resize_cleanly"]


def resize_cleanly(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 RGB [H, W, 3] to float32 [3, 299, 299] in −1..1.

    Its scale is that of TensorFlow's graph, (x − 128) / 128, which is not quite pytorch-fid's.
    """
    channels = [
        Image.fromarray(np.ascontiguousarray(pixels[..., channel]).astype(np.float32))
        for channel in range(3)
    ]
    resized = [
        np.asarray(channel.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for channel in channels
    ]
    scaled: NDArray[np.float32] = (np.clip(np.stack(resized), 0, 255) - 128) / 128
    return scaled
