"""Ways to stylise a picture for training and testing: entries' ONNX models, and cheap arithmetic.

Entries run here without the sandbox: only archives of one's own belong on this command line.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluator.compact.sources import Pixels
from evaluator.errors import ParticipantError

__all__ = [
    "Styliser",
    "blend",
    "entry_styliser",
    "linear_transport",
    "model_of",
    "patchwork",
    "styliser_of",
]

Styliser = Callable[[Pixels, Pixels], Pixels]
"""Content and style picture to the output, uint8 [H, W, 3] of the content's size."""


def entry_styliser(archive: Path) -> Styliser:
    """An ONNX entry; ParticipantError ``compact.entry`` if the archive holds no such model."""
    try:
        return styliser_of(model_of(archive))
    except RuntimeError as error:
        raise _no_model(archive) from error


def model_of(archive: Path) -> bytes:
    """An entry's ONNX model; ParticipantError ``compact.entry`` if it has none."""
    try:
        with zipfile.ZipFile(archive) as file:
            return file.read("model.onnx")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise _no_model(archive) from error


def styliser_of(model: bytes) -> Styliser:
    """An entry's model at work, on one thread; onnxruntime's RuntimeError if it does not run."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = {value.name for value in session.get_inputs()}

    def stylise(content: Pixels, style: Pixels) -> Pixels:
        given = {"content": _to_floats(content), "style": _to_floats(style)}
        fed = {name: value for name, value in given.items() if name in names}
        stylised: NDArray[np.float32] = session.run(["stylized"], fed)[0][0]
        return _to_pixels(stylised.transpose(1, 2, 0))

    return stylise


def _no_model(archive: Path) -> ParticipantError:
    return ParticipantError(
        "compact.entry", f"{archive} holds no model.onnx that runs; name an ONNX entry."
    )


def blend(a: Pixels, b: Pixels, share: float) -> Pixels:
    """``a`` with a share of ``b``."""
    return _to_pixels(((1 - share) * a.astype(np.float32) + share * b) / 255)


def linear_transport(content: Pixels, style: Pixels) -> Pixels:
    """The style's mean and covariance of colours: Pitié and Kokaram 2007, the linear
    Monge-Kantorovitch map Σ_c^-½ (Σ_c^½ Σ_s Σ_c^½)^½ Σ_c^-½."""
    x, y = (p.reshape(-1, 3).astype(np.float64) / 255 for p in (content, style))
    a, b = (np.cov(p.T) + 1e-5 * np.eye(3) for p in (x, y))
    root, inverse = _power(a, 0.5), _power(a, -0.5)
    moved = (x - x.mean(0)) @ (inverse @ _power(root @ b @ root, 0.5) @ inverse) + y.mean(0)
    return _to_pixels(moved.reshape(content.shape))


def patchwork(content: Pixels, style: Pixels, *, side: int = 16) -> Pixels:
    """Each square of the content replaced by the style's square of the most similar thumbnail."""
    squares, wanted = _squares(style, side), _squares(content, side)
    looks, sought = _thumbnails(squares), _thumbnails(wanted)
    distances = (looks**2).sum(1)[None] - 2 * sought @ looks.T
    chosen = squares[distances.argmin(1)]
    rows, columns = content.shape[0] // side, content.shape[1] // side
    tiled = chosen.reshape(rows, columns, side, side, 3).swapaxes(1, 2)
    output = content.copy()
    output[: rows * side, : columns * side] = tiled.reshape(rows * side, columns * side, 3)
    return output


def _squares(picture: Pixels, side: int) -> Pixels:
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    cut = picture[: rows * side, : columns * side].reshape(rows, side, columns, side, 3)
    return cut.swapaxes(1, 2).reshape(-1, side, side, 3)


def _thumbnails(squares: Pixels) -> NDArray[np.float64]:
    small = [np.asarray(Image.fromarray(square).resize((4, 4))) for square in squares]
    return np.stack(small).reshape(len(squares), -1).astype(np.float64)


def _power(symmetric: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(symmetric)
    return np.asarray((vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T)


def _to_floats(pixels: Pixels) -> NDArray[np.float32]:
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def _to_pixels(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(np.nan_to_num(values) * 255), 0, 255).astype(np.uint8))
