"""``python -m tests.bench.pictures COUNT A B``: two folders of pictures of 256² from the demo.

Seeded crops, mirrored at random: of its photographs in A, of its painted works in B.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from evaluator.demo import demo_dataset
from evaluator.image_sets import ImageSet

SIDE = 256


def main(count: int, a: Path, b: Path) -> None:
    """Write ``count`` PNGs into each folder."""
    demo = demo_dataset("public")
    for seed, (folder, pictures) in enumerate(((a, demo.content), (b, demo.reference))):
        folder.mkdir(parents=True)
        for index, picture in enumerate(crops(pictures, count, seed)):
            picture.save(folder / f"{index:04}.png")


def crops(pictures: ImageSet, count: int, seed: int) -> list[Image.Image]:
    """Squares of 60 to 100 % of a picture's short side, brought to 256²."""
    random = np.random.default_rng(seed)
    paths = [picture.path for picture in pictures]
    return [_crop(paths[index % len(paths)], random) for index in range(count)]


def _crop(path: Path, random: np.random.Generator) -> Image.Image:
    with Image.open(path) as whole:
        side = round(min(whole.size) * random.uniform(0.6, 1.0))
        left, top = (int(random.integers(0, extent - side + 1)) for extent in whole.size)
        cut = whole.convert("RGB").resize((SIDE, SIDE), box=(left, top, left + side, top + side))
    return ImageOps.mirror(cut) if random.random() < 0.5 else cut


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
