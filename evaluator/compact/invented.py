"""Made-up methods of style transfer, each of random parameters: cheap, and unlike one another.

A small network believes whatever its training pictures leave open. Trained stylisers are few, so
what their outputs may show – strokes, grain, grids, wrong colours, textures of the style in the
wrong place, artefacts of upsampling – is drawn here in many ways.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor
from torch.nn import functional as F

from evaluator.compact.sources import Pixels

__all__ = ["INVENTED", "Invented", "invented", "random_network", "toned"]

Rng = np.random.Generator
Invented = Callable[[Pixels, Pixels, Rng], Pixels]
"""Content and style picture of one size to the output, uint8 [H, W, 3]."""

RIDGE = 20.0  # variance of tones that is added before a covariance is inverted
UNITS = ("relu", "tanh", "leaky_relu")


def invented(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """By one of ``INVENTED`` or two in turn, half of the time in the style's tones."""
    output = content
    for _ in range(1 + int(rng.random() < 0.25)):
        output = INVENTED[int(rng.integers(len(INVENTED)))](output, style, rng)
    return toned(output, style) if rng.random() < 0.5 else output


def _patch_statistics(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """Patches whitened and coloured by the covariance of the style's: WCT on pixels."""
    side = int(rng.integers(3, 9))
    stride = int(rng.integers(1 + side // 3, side + 1)) if side > 3 else 2
    x, y = (F.unfold(_planes(p), side, stride=stride)[0].double() for p in (content, style))
    moved = _power(_covariance(y), 0.5) @ _power(_covariance(x), -0.5) @ (x - x.mean(1)[:, None])
    share = float(rng.uniform(0.5, 1))
    mixed = share * (moved + y.mean(1)[:, None]) + (1 - share) * x
    size = (content.shape[0], content.shape[1])
    total = F.fold(mixed[None], size, side, stride=stride)
    times = F.fold(torch.ones_like(mixed)[None], size, side, stride=stride)
    return _pixels(torch.where(times > 0, total / times.clamp(min=1), _planes(content).double()))


def random_network(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """An untrained network: random filters, instance norm, upsampling; colours of the style."""
    width, scale = int(rng.choice([8, 12, 20])), int(rng.choice([1, 2, 2, 4]))
    unit = getattr(F, str(rng.choice(UNITS)))
    first = int(rng.choice([3, 5, 9]))
    x = _planes(content) / 127.5 - 1
    features = _normalised(_convolved(x, width, first, rng, stride=scale))
    for _ in range(int(rng.integers(1, 4))):
        features = features + 0.7 * _normalised(_convolved(unit(features), width, 3, rng))
    if scale > 1 and rng.random() < 0.5:
        kernel = torch.from_numpy(rng.normal(0, 0.3, (width, width, scale + 1, scale + 1))).float()
        features = F.conv_transpose2d(features, kernel, stride=scale)
        features = _normalised(features[..., : x.shape[2], : x.shape[3]])
    features = F.interpolate(features, x.shape[2:], mode=str(rng.choice(["nearest", "bicubic"])))
    made = _normalised(_convolved(unit(features), 3, int(rng.choice([1, 3, 5])), rng))
    mixed = made + float(rng.uniform(0.2, 2.5)) * _normalised(x)
    tones = _planes(style)
    mean, deviation = tones.mean((2, 3), keepdim=True), tones.std((2, 3), keepdim=True)
    return _pixels(_normalised(mixed) * deviation * float(rng.uniform(0.7, 1.4)) + mean)


def _bands(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """The content's coarse shapes with the style's fine texture, or some of its own."""
    radius = float(np.exp(rng.uniform(np.log(1), np.log(16))))
    coarse = _blurred(content, radius)
    texture = style - _blurred(style, radius)
    rolled = np.roll(texture, tuple(rng.integers(0, 256, 2)), axis=(0, 1))
    own = content - coarse
    return _clipped(coarse + rng.uniform(0, 1) * own + rng.uniform(0.5, 2) * rolled)


def _field(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """A slowly changing cast of colour, or tones turned about, with grain of random size."""
    side = content.shape[0]
    coarse = rng.normal(0, rng.uniform(10, 70), (*rng.integers(2, 9, 2), 3))
    cast = _resized(coarse, side, Image.Resampling.BICUBIC)
    size = int(rng.integers(1, 6))
    grain = rng.normal(0, rng.uniform(0, 30), (side // size, side // size, int(rng.choice([1, 3]))))
    fine = _resized(np.broadcast_to(grain, (*grain.shape[:2], 3)), side, Image.Resampling.NEAREST)
    mix = np.eye(3) + rng.normal(0, rng.uniform(0, 0.4), (3, 3))
    return _clipped((content - 128.0) @ mix + 128 + cast + fine)


def _palette(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """Few colours of the style, dithered or not."""
    count = int(rng.integers(3, 25))
    colours = style.reshape(-1, 3)[rng.integers(0, style.shape[0] * style.shape[1], count)]
    dithered = content + rng.normal(0, rng.uniform(0, 40), content.shape) * (rng.random() < 0.5)
    sought = _blurred(_clipped(dithered), float(rng.uniform(0, 2)))
    gaps = (colours**2.0).sum(1) - 2 * sought @ colours.T.astype(np.float64)
    return np.asarray(colours[gaps.argmin(-1)])


def _outlined(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """Sharpened, or with dark or bright lines where there are edges."""
    radius = float(rng.uniform(0.6, 4))
    detail = content - _blurred(content, radius)
    if rng.random() < 0.5:
        return _clipped(content + rng.uniform(1, 8) * detail)
    lines = np.abs(detail).max(2, keepdims=True) * rng.uniform(1, 6) * rng.choice([-1, 1])
    return _clipped(_blurred(content, float(rng.uniform(0, 3))) + lines)


def _pattern(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """A checkerboard, stripes or waves over the picture, stronger here than there."""
    y, x = np.mgrid[: content.shape[0], : content.shape[1]]
    period, turn = float(rng.choice([2, 2, 3, 4, 6, 8, 12, 16])), rng.uniform(0, np.pi)
    turn = turn if rng.random() < 0.5 else 0.0
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    wave = np.cos(2 * np.pi * along / period)
    if rng.random() < 0.6:
        wave = wave * np.cos(2 * np.pi * across / period)
    tones = _blurred(content, 2).mean(2, keepdims=True) / 255
    strength = np.abs(tones - rng.uniform(0, 1)) + rng.uniform(0, 0.5)
    return _clipped(content + wave[..., None] * strength * rng.normal(0, rng.uniform(15, 70), 3))


def _strokes(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """Lines or dots in the content's colours, coarse ones first."""
    canvas = Image.fromarray(_clipped(_blurred(content, 6)))
    draw = ImageDraw.Draw(canvas)
    side, dots, turn = content.shape[0], rng.random() < 0.4, rng.uniform(0, np.pi)
    for size in (rng.uniform(8, 24), rng.uniform(4, 10), rng.uniform(2, 5)):
        points = rng.integers(0, side, (int(min(1500, 1.5 * (side / size) ** 2)), 2))
        angles = turn + rng.normal(0, rng.uniform(0.1, 2), len(points))
        jitter = rng.normal(0, rng.uniform(0, 30), (len(points), 3))
        for (x, y), angle, shift in zip(points, angles, jitter, strict=True):
            colour = tuple(int(v) for v in np.clip(content[y, x] + shift, 0, 255))
            dx, dy = size * np.cos(angle), size * np.sin(angle)
            if dots:
                draw.ellipse((x - size / 2, y - size / 2, x + size / 2, y + size / 2), colour)
            else:
                draw.line((x - dx, y - dy, x + dx, y + dy), colour, max(1, int(size / 3)))
    return np.asarray(canvas)


def _bent(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """Pixels moved about: waves, or frosted glass."""
    side = content.shape[0]
    coarse = rng.normal(0, rng.uniform(1, 8), (*[int(rng.choice([4, 16, 64, side]))] * 2, 2))
    moves = np.dstack([_resized(coarse[..., [i]], side, Image.Resampling.BICUBIC) for i in (0, 1)])
    y, x = np.mgrid[:side, :side]
    rows, columns = np.rint(y + moves[..., 0]), np.rint(x + moves[..., 1])
    places = rows.clip(0, side - 1).astype(int), columns.clip(0, side - 1).astype(int)
    return np.asarray(content[places])


def _oil(content: Pixels, style: Pixels, rng: Rng) -> Pixels:
    """Flat patches of colour, as an oil filter makes them."""
    size = int(rng.choice([3, 5, 7]))
    kind = ImageFilter.ModeFilter if rng.random() < 0.5 else ImageFilter.MedianFilter
    tones = Image.fromarray(content // 16 * 16 + 8)
    return np.asarray(tones.filter(kind(size)))


INVENTED: tuple[Invented, ...] = (
    _patch_statistics,
    _patch_statistics,
    random_network,
    random_network,
    random_network,
    _bands,
    _field,
    _palette,
    _outlined,
    _pattern,
    _strokes,
    _bent,
    _oil,
)
"""Those met more often stand several times."""


def toned(picture: Pixels, style: Pixels) -> Pixels:
    """Mean and deviation of each channel as the style's."""
    x, y = (p.reshape(-1, 3).astype(np.float64) for p in (picture, style))
    moved = (x - x.mean(0)) / (x.std(0) + 1) * y.std(0) + y.mean(0)
    return _clipped(moved.reshape(picture.shape))


def _convolved(x: Tensor, width: int, side: int, rng: Rng, *, stride: int = 1) -> Tensor:
    kernel = torch.from_numpy(rng.normal(size=(width, x.shape[1], side, side))).float()
    padded = F.pad(x, (side // 2,) * 4, mode="reflect")
    return F.conv2d(padded, kernel / (x.shape[1] * side**2) ** 0.5, stride=stride)


def _normalised(x: Tensor) -> Tensor:
    return F.instance_norm(x, eps=1e-4)


def _covariance(rows: Tensor) -> Tensor:
    return torch.cov(rows) + RIDGE * torch.eye(len(rows), dtype=rows.dtype)


def _power(symmetric: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(symmetric)
    power: Tensor = (vectors * values.clamp(min=1e-3) ** exponent) @ vectors.T
    return power


def _planes(pixels: Pixels) -> Tensor:
    """uint8 [H, W, 3] to float32 [1, 3, H, W], 0..255."""
    return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]


def _pixels(planes: Tensor) -> Pixels:
    return _clipped(planes[0].permute(1, 2, 0).double().numpy())


def _blurred(picture: Pixels, radius: float) -> NDArray[np.float64]:
    blurred = Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred).astype(np.float64)


def _resized(values: NDArray[np.float64], side: int, how: Image.Resampling) -> NDArray[np.float64]:
    """[h, w, C] to [side, side, C]."""
    planes = [Image.fromarray(plane.astype(np.float32)) for plane in np.moveaxis(values, 2, 0)]
    return np.dstack([np.asarray(p.resize((side, side), how)) for p in planes]).astype(np.float64)


def _clipped(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(np.rint(np.nan_to_num(values)), 0, 255).astype(np.uint8))
