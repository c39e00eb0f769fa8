"""The frames between judge and runner: a fixed-size header for exactly N·H·W·3 bytes.

Little-endian header: magic, version, kind, zero, N, H, W, payload length. The payload of an answer
follows its header through the pipe; those of a request, content and then style, lie one behind the
other in the region (``region.py``), and their two headers come together. ``runner.py`` stands alone
in the box and repeats this layout; a test holds the two equal.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "HEADER",
    "MAGIC",
    "MAX_MESSAGE_BYTES",
    "VERSION",
    "Frame",
    "Header",
    "Kind",
    "MalformedFrameError",
    "pack_header",
    "unpack_header",
]

MAGIC = b"SAFR"
VERSION = 1
HEADER = struct.Struct("<4sBBHIIIQ")
MAX_MESSAGE_BYTES = 8192  # of an error frame


class Kind(IntEnum):
    """What a frame is. The runner says hello, ready, result and error; the judge the rest."""

    HELLO = 1
    READY = 2
    CONTENT = 3
    STYLE = 4
    RESULT = 5
    ERROR = 6


class MalformedFrameError(Exception):
    """The bytes are no header of ours."""


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a header that carry meaning."""

    kind: Kind
    shape: tuple[int, int, int]
    length: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A stylised batch, uint8 [N, H, W, 3], and the wall seconds it took, measured outside."""

    pixels: NDArray[np.uint8]
    seconds: float


def pack_header(kind: Kind, pixels: NDArray[np.uint8]) -> bytes:
    """The header of a batch uint8 [N, H, W, 3]; ValueError for anything else."""
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != 3 or not pixels.size:
        raise ValueError(f"a frame holds uint8 [N, H, W, 3], not {pixels.dtype} {pixels.shape}")
    n, height, width, _ = pixels.shape
    return HEADER.pack(MAGIC, VERSION, kind, 0, n, height, width, pixels.nbytes)


def unpack_header(raw: bytes) -> Header:
    """Read a header; MalformedFrameError unless every field is as ours are."""
    magic, version, kind, zero, n, height, width, length = HEADER.unpack(raw)
    if (magic, version, zero) != (MAGIC, VERSION, 0) or kind not in Kind._value2member_map_:
        raise MalformedFrameError
    return Header(Kind(kind), (n, height, width), length)
