"""The demo's content pictures: crops of real photographs that the scikit-image wheel carries.

Only files on disk are read, never scikit-image's downloader. The photographs of the two splits
are different ones, so nothing seen in public helps on the held-out pictures.
"""

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from evaluator.demo.works import Split
from evaluator.errors import PlatformFault

__all__ = ["CROPS", "SIDE", "SOURCES", "Crop", "Source", "crops_of"]


SIDE = 256


@dataclass(frozen=True, slots=True)
class Source:
    """A photograph of the wheel: its file, its split and its licence as scikit-image states it."""

    file: str
    split: Split
    licence: str


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of a photograph, in its pixels, scaled to 256×256; ``id`` begins with the source."""

    id: str
    source: str
    left: int
    top: int
    side: int

    def cut(self) -> Image.Image:
        """The crop as an RGB picture; PlatformFault ``demo.photograph`` if the file is missing."""
        box = (self.left, self.top, self.left + self.side, self.top + self.side)
        with _open(SOURCES[self.source].file) as photograph:
            square = photograph.convert("RGB").crop(box)
        return square.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


SOURCES: dict[str, Source] = {
    "astronaut": Source("astronaut.png", "public", "Public domain (NASA)"),
    "coffee": Source("coffee.png", "public", "CC0-1.0 (Rachel Michetti)"),
    "rocket": Source("rocket.jpg", "public", "Public domain (SpaceX)"),
    "camera": Source("camera.png", "heldout", "CC0-1.0 (Lav Varshney)"),
    "cat": Source("chelsea.png", "heldout", "CC0-1.0 (Stefan van der Walt)"),
    "coins": Source("coins.png", "heldout", "No known restrictions (Brooklyn Museum)"),
    "hubble": Source("hubble_deep_field.jpg", "heldout", "Public domain (NASA)"),
    "moon": Source("moon.png", "heldout", "Public domain (NASA)"),
    "motorcycle": Source(
        "motorcycle_left.png", "heldout", "Middlebury Stereo 2014, as shipped by scikit-image"
    ),
    "retina": Source("retina.jpg", "heldout", "CC0-1.0 (Mikael Häggström)"),
    "tissue": Source("ihc.png", "heldout", "No known restrictions (CMMI)"),
}

CROPS: tuple[Crop, ...] = (
    Crop("astronaut-portrait", "astronaut", 0, 0, 512),
    Crop("astronaut-face", "astronaut", 94, 0, 272),
    Crop("astronaut-suit", "astronaut", 84, 190, 290),
    Crop("astronaut-shuttle", "astronaut", 280, 0, 232),
    Crop("astronaut-helmet", "astronaut", 232, 232, 280),
    Crop("coffee-table", "coffee", 70, 0, 400),
    Crop("coffee-cup", "coffee", 150, 10, 290),
    Crop("coffee-spoon", "coffee", 250, 128, 264),
    Crop("coffee-saucer", "coffee", 60, 100, 300),
    Crop("rocket-pad", "rocket", 106, 0, 427),
    Crop("rocket-lights", "rocket", 40, 171, 256),
    Crop("rocket-tower", "rocket", 340, 80, 300),
    Crop("camera-man", "camera", 0, 0, 512),
    Crop("camera-face", "camera", 130, 30, 260),
    Crop("camera-field", "camera", 232, 80, 280),
    Crop("cat-face", "cat", 75, 0, 300),
    Crop("cat-eye", "cat", 20, 20, 256),
    Crop("cat-nose", "cat", 155, 44, 256),
    Crop("cat-ear", "cat", 151, 0, 300),
    Crop("coins-rows", "coins", 0, 0, 303),
    Crop("coins-corner", "coins", 124, 40, 260),
    Crop("hubble-field", "hubble", 128, 0, 872),
    Crop("hubble-spiral", "hubble", 200, 180, 400),
    Crop("hubble-gold", "hubble", 560, 380, 400),
    Crop("moon-crater", "moon", 0, 0, 512),
    Crop("motorcycle-whole", "motorcycle", 120, 0, 500),
    Crop("motorcycle-engine", "motorcycle", 290, 150, 300),
    Crop("motorcycle-front", "motorcycle", 441, 160, 300),
    Crop("motorcycle-rear", "motorcycle", 90, 150, 300),
    Crop("motorcycle-tank", "motorcycle", 300, 70, 280),
    Crop("motorcycle-bench", "motorcycle", 0, 20, 300),
    Crop("motorcycle-shelf", "motorcycle", 420, 0, 300),
    Crop("retina-whole", "retina", 0, 0, 1411),
    Crop("retina-nerve", "retina", 60, 330, 700),
    Crop("tissue-glands", "tissue", 0, 0, 512),
    Crop("tissue-edge", "tissue", 200, 180, 300),
)


def crops_of(split: Split) -> tuple[Crop, ...]:
    """The crops of a split: 12 public ones, 24 held-out ones."""
    return tuple(crop for crop in CROPS if SOURCES[crop.source].split == split)


def _open(file: str) -> Image.Image:
    import skimage

    path = Path(skimage.__file__).parent / "data" / file
    try:
        return Image.open(path)
    except OSError as error:
        raise PlatformFault(
            "demo.photograph",
            f"scikit-image's photograph {file} is missing from {path.parent}; install "
            "scikit-image again from its wheel.",
        ) from error
