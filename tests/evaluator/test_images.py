"""Decoding: what the picture policy does to good pictures, and the sentence each bad one gets."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluator.errors import OrganiserError
from evaluator.images import (
    PicturePolicy,
    decode,
    encode_jpeg,
    encode_png,
    require_one_size,
)

NATIVE = PicturePolicy(size=None)


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, channels), dtype=np.uint8)


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def refusal(source: bytes | Path, policy: PicturePolicy = NATIVE) -> OrganiserError:
    with pytest.raises(OrganiserError) as caught:
        decode(source, policy, name="style/a.png")
    assert "style/a.png" in str(caught.value)
    return caught.value


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + body
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", len(body))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", 0)
        + b"IDAT"
        + struct.pack(">I", zlib.crc32(b"IDAT"))
    )


def sixteen_bit_rgb_png() -> bytes:
    data = png_header(64, 64)
    header = bytearray(data[:33])
    header[24] = 16
    header[29:33] = struct.pack(">I", zlib.crc32(bytes(header[12:29])))
    body = zlib.compress((b"\0" + b"\x12\x34" * 3 * 64) * 64)
    idat = b"IDAT" + body
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    chunk = struct.pack(">I", len(body)) + idat + struct.pack(">I", zlib.crc32(idat))
    return bytes(header) + chunk + end


def test_png_gives_the_same_pixels_back() -> None:
    pixels = noise(70, 90)
    assert np.array_equal(decode(encode_png(pixels), NATIVE), pixels)


def test_short_side_is_resized_then_the_centre_is_cropped() -> None:
    picture = Image.fromarray(noise(128, 300))
    expected = picture.resize((600, 256), Image.Resampling.LANCZOS).crop((172, 0, 428, 256))
    assert np.array_equal(decode(saved(picture), PicturePolicy()), np.asarray(expected))


def test_a_picture_of_the_policys_size_is_left_untouched() -> None:
    pixels = noise(256, 256)
    assert np.array_equal(decode(encode_png(pixels), PicturePolicy()), pixels)


def test_exif_orientation_is_applied() -> None:
    picture = Image.fromarray(noise(80, 64))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = decode(saved(picture, exif=exif), NATIVE)
    assert np.array_equal(turned, np.rot90(np.asarray(picture), k=-1))


@pytest.mark.parametrize("mode", ["L", "P", "1"])
def test_grey_and_opaque_palette_pictures_become_rgb(mode: str) -> None:
    picture = Image.fromarray(noise(64, 64)).convert(mode)
    assert np.array_equal(decode(saved(picture), NATIVE), np.asarray(picture.convert("RGB")))


def test_a_single_frame_gif_is_accepted() -> None:
    assert decode(saved(Image.new("P", (64, 64)), "GIF"), NATIVE).shape == (64, 64, 3)


def test_decoding_a_file_equals_decoding_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encode_jpeg(noise(64, 64)))
    assert np.array_equal(decode(path, NATIVE), decode(path.read_bytes(), NATIVE))


def test_the_file_name_is_named_by_default(tmp_path: Path) -> None:
    path = tmp_path / "holiday.png"
    path.write_bytes(b"not a picture")
    with pytest.raises(OrganiserError, match=r"holiday\.png"):
        decode(path, NATIVE)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_unreadable(data: bytes) -> None:
    assert refusal(data).code == "picture.unreadable"


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.png").code == "picture.unreadable"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_a_file_cut_in_half_is_truncated(kind: str) -> None:
    data = saved(Image.fromarray(noise(96, 96)), kind)
    assert refusal(data[: len(data) // 2]).code in {"picture.truncated", "picture.unreadable"}


def test_a_png_cut_in_its_pixels_is_truncated() -> None:
    assert refusal(encode_png(noise(96, 96))[:-2000]).code == "picture.truncated"


def test_a_flipped_byte_in_a_png_is_found() -> None:
    data = bytearray(encode_png(noise(96, 96)))
    data[len(data) // 2] ^= 0xFF
    assert refusal(bytes(data)).code == "picture.truncated"


def test_too_small_pictures_are_refused_with_their_size() -> None:
    error = refusal(encode_png(noise(63, 200)))
    assert error.code == "picture.too_small"
    assert "200×63" in str(error)


@pytest.mark.parametrize("side", [10_000, 16_000, 1_000_000])
def test_a_decompression_bomb_is_refused_by_its_header(side: int) -> None:
    # The file holds no pixels: had they been decoded first, it would be called truncated.
    assert refusal(png_header(side, side)).code == "picture.too_large"


def test_a_webp_too_large_for_its_decoder_is_refused_by_its_header() -> None:
    error = refusal(saved(Image.new("RGB", (6000, 4200)), "WEBP"))
    assert error.code == "picture.too_large"
    assert "WebP" in str(error)


def test_a_strip_that_would_grow_when_resized_is_refused() -> None:
    assert refusal(png_header(100_000, 64), PicturePolicy()).code == "picture.too_large"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animations_are_refused(kind: str) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue", "green")]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    assert refusal(data).code == "picture.animated"


def test_cmyk_is_refused() -> None:
    assert refusal(saved(Image.new("CMYK", (64, 64)), "JPEG")).code == "picture.cmyk"


@pytest.mark.parametrize(
    "data",
    [
        sixteen_bit_rgb_png(),
        saved(Image.fromarray(np.zeros((64, 64), np.uint16))),
        saved(Image.fromarray(np.zeros((64, 64), np.float32)), "TIFF"),
    ],
    ids=["rgb png", "grey png", "float tiff"],
)
def test_more_than_eight_bits_per_channel_is_refused(data: bytes) -> None:
    assert refusal(data).code == "picture.sixteen_bit"


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_refused_even_when_opaque(mode: str) -> None:
    picture = Image.fromarray(noise(64, 64)).convert(mode)
    assert refusal(saved(picture)).code == "picture.alpha"


def test_a_transparent_palette_colour_is_refused() -> None:
    data = saved(Image.fromarray(noise(64, 64)).convert("P"), transparency=0)
    assert refusal(data).code == "picture.alpha"


def test_mixed_sizes_name_both_pictures() -> None:
    with pytest.raises(OrganiserError, match=r"b\.png is 65×64 but a\.png is 64×64") as caught:
        require_one_size([("a.png", (64, 64)), ("b.png", (64, 65))])
    assert caught.value.code == "picture.mixed_sizes"
