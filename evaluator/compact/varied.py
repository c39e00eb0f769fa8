"""Entries with changed weights: of a few trained networks, many methods that look trained.

Weights are mixed with those of another entry of the same shapes, scaled channel by channel and made
noisy, and the network is run at another scale: strokes, grain and artefacts as real entries have
them, but no two methods alike.
"""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from PIL import Image

from evaluator.compact.invented import toned
from evaluator.compact.sources import SIDE, Pixels
from evaluator.compact.stylisers import Styliser, model_of, styliser_of
from evaluator.errors import ParticipantError

__all__ = ["varied"]

Rng = np.random.Generator
Weights = dict[str, NDArray[np.float32]]

SCALES = (128, 192, 256, 256, 256, 352)
"""Sides in pixels at which a network works; those met more often stand several times."""

MIXED = 0.6  # of the methods, with another's weights

LEAST_LEARNED = 4  # convolutions: entries with fewer have no weights worth changing


def varied(archives: Sequence[Path], rng: Rng) -> Styliser:
    """A method of its own, of one of the ``archives`` that hold a network or of two alike.

    Raises ParticipantError ``compact.entry`` if none of them does.
    """
    networks = [model for model in map(_parsed, archives) if _is_network(model)]
    if not networks:
        raise ParticipantError(
            "compact.entry", "None of the entries holds a trained network; name one more --entry."
        )
    one, other = (networks[int(rng.integers(len(networks)))] for _ in range(2))
    run = styliser_of(_mixed(one, _weights(other), rng).SerializeToString())
    side, tones = int(rng.choice(SCALES)), rng.random()

    def stylise(content: Pixels, style: Pixels) -> Pixels:
        output = _sized(run(_sized(content, side), _sized(style, side)), SIDE)
        if tones < 0.5:
            return output
        return toned(output, style if tones < 0.75 else content)

    return stylise


@functools.cache
def _parsed(archive: Path) -> onnx.ModelProto:
    return onnx.load_model_from_string(model_of(archive))


def _weights(model: onnx.ModelProto) -> Weights:
    """What was learned: tensors of floats with more than one value."""
    return {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT and np.prod(tensor.dims, dtype=int) > 1
    }


def _is_network(model: onnx.ModelProto) -> bool:
    return sum(values.ndim == 4 for values in _weights(model).values()) >= LEAST_LEARNED


def _mixed(model: onnx.ModelProto, other: Weights, rng: Rng) -> onnx.ModelProto:
    """The model with some of the other's weights in its own, all of them a little changed."""
    mixed = onnx.ModelProto()
    mixed.CopyFrom(model)
    own = _weights(model)
    share = float(rng.uniform(0, 1)) if rng.random() < MIXED else 0.0
    noise, spread = (float(np.exp(rng.uniform(np.log(0.02), np.log(x)))) for x in (0.4, 0.3))
    for tensor in mixed.graph.initializer:
        if (values := own.get(tensor.name)) is None:
            continue
        theirs = other.get(tensor.name)
        if theirs is not None and theirs.shape == values.shape:
            values = (1 - share) * values + share * theirs
        tensor.CopyFrom(numpy_helper.from_array(_changed(values, noise, spread, rng), tensor.name))
    return mixed


def _changed(
    values: NDArray[np.float32], noise: float, spread: float, rng: Rng
) -> NDArray[np.float32]:
    """Each output channel at another scale, each weight a little off."""
    scales = np.exp(rng.normal(0, spread, (len(values), *[1] * (values.ndim - 1))))
    off = rng.normal(0, noise * (values.std() + 1e-8), values.shape)
    return np.asarray(values * scales + off, np.float32)


def _sized(picture: Pixels, side: int) -> Pixels:
    if picture.shape[:2] == (side, side):
        return picture
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))
