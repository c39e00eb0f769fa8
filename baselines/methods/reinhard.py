"""Colour transfer: mean and spread of each lαβ channel taken from the style.

Reinhard, Ashikhmin, Gooch, Shirley: "Color Transfer between Images", IEEE CG&A 21(5), 2001, in the
colour space of Ruderman, Cronin, Chiao (1998). Departures from the paper:
- logarithms are of at least 1/255, since log 0 is undefined (the paper does not say);
- LMS to RGB is the exact inverse of its matrix, not the paper's rounded one, so that a picture
  coloured by itself comes back unchanged;
- the result is clamped to 0..1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from numpy.typing import NDArray

from baselines.card import Card, departures_in
from baselines.graph import build, function
from baselines.method import Method

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["DARKEST", "LMS_FROM_RGB", "METHOD", "OPPONENT_FROM_LOG"]

DARKEST = 1 / 255
SMALLEST_SPREAD = 1e-6  # of a content of one colour, whose deviations are all zero

# Equations 3 and 4 of the paper joined: RGB → XYZ → LMS.
LMS_FROM_RGB = np.array(
    [[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]]
)
# Equation 6: log LMS → lαβ. The rows are orthonormal, so the inverse is the transpose.
OPPONENT_FROM_LOG = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ [[1, 1, 1], [1, 1, -2], [1, -1, 0]]

LOG10 = float(np.log(10))

TO_LAB = function(
    "ToLab",
    "(rgb, lms_from_rgb, opponent, darkest) => (lab)",
    """
    lms = Conv(rgb, lms_from_rgb)
    bright = Max(lms, darkest)
    logs = Log(bright)
    lab = Conv(logs, opponent)
    """,
)
MOMENTS = function(
    "Moments",
    "(x) => (centred, mean, spread)",
    """
    axes = Constant<value_ints = [2, 3]>()
    mean = ReduceMean<keepdims=1>(x, axes)
    centred = Sub(x, mean)
    squares = Mul(centred, centred)
    variance = ReduceMean<keepdims=1>(squares, axes)
    spread = Sqrt(variance)
    """,
)
BODY = """
    source = local.ToLab(content, lms_from_rgb, opponent, darkest)
    target = local.ToLab(style, lms_from_rgb, opponent, darkest)
    deviation, source_mean, source_spread = local.Moments(source)
    unused, target_mean, target_spread = local.Moments(target)
    spread = Max(source_spread, smallest)
    gain = Div(target_spread, spread)
    scaled = Mul(deviation, gain)
    lab = Add(scaled, target_mean)
    logs = Conv(lab, opponent_inverse)
    lms = Exp(logs)
    rgb = Conv(lms, rgb_from_lms)
    stylized = Clip(rgb, zero, one)
"""


def model() -> onnx.ModelProto:
    """3×3 matrices are 1×1 convolutions; natural logarithms give the paper's transfer exactly."""
    constants = {
        "lms_from_rgb": _pointwise(LMS_FROM_RGB),
        "rgb_from_lms": _pointwise(np.linalg.inv(LMS_FROM_RGB)),
        "opponent": _pointwise(OPPONENT_FROM_LOG),
        "opponent_inverse": _pointwise(OPPONENT_FROM_LOG.T),
        "darkest": np.float32(DARKEST),
        "smallest": np.float32(SMALLEST_SPREAD),
        "zero": np.float32(0),
        "one": np.float32(1),
    }
    arrays = {name: np.asarray(value, dtype=np.float32) for name, value in constants.items()}
    return build("reinhard", BODY, functions=(TO_LAB, MOMENTS), constants=arrays)


def _pointwise(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    return matrix.astype(np.float32)[:, :, None, None]


def reference(content: Tensor, style: Tensor) -> Tensor:
    """Equations 10 and 11 in float64 with base-10 logarithms, as the paper writes them."""
    source, target = _to_lab(content), _to_lab(style)
    mean, spread = source.mean((2, 3), keepdim=True), source.std((2, 3), correction=0, keepdim=True)
    gain = target.std((2, 3), correction=0, keepdim=True) / spread.clamp(
        min=SMALLEST_SPREAD / LOG10
    )
    lab = (source - mean) * gain + target.mean((2, 3), keepdim=True)
    lms = 10 ** _mix(np.linalg.inv(OPPONENT_FROM_LOG), lab)
    return _mix(np.linalg.inv(LMS_FROM_RGB), lms).clamp(0, 1).float()


def _to_lab(rgb: Tensor) -> Tensor:
    lms = _mix(LMS_FROM_RGB, rgb.double())
    return _mix(OPPONENT_FROM_LOG, lms.clamp(min=DARKEST).log10())


def _mix(matrix: NDArray[np.float64], x: Tensor) -> Tensor:
    import torch

    return torch.einsum("ij,njhw->nihw", torch.from_numpy(matrix), x)


METHOD = Method(
    name="reinhard",
    card=Card(
        name="Reinhard colour transfer",
        authors="E. Reinhard, M. Ashikhmin, B. Gooch, P. Shirley",
        paper="Color Transfer between Images, IEEE Computer Graphics and Applications 21(5), 2001",
        licence="Apache-2.0",
        departures=departures_in(__doc__),
    ),
    model=model,
    reference=reference,
    tolerance=1e-4,
)
