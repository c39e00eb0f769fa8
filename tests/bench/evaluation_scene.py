"""``python -m tests.bench.evaluation_scene HOME CONTENTS STYLES``: outputs to score, and weights.

Networks of full size with random weights: what they compute takes as long as with trained ones.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image

from evaluator.demo import demo_dataset
from evaluator.image_sets import Pair
from tests.bench.pictures import crops
from tests.evaluator.backbones.lpips_peer import head_state, random_trunk, trunk_state
from tests.evaluator.backbones.peers import random_state

__all__ = ["INCEPTION", "main"]

INCEPTION = "hub/checkpoints/pt_inception-2015-12-05-6726825d.pth"


def main(home: Path, contents: int, styles: int) -> None:
    """A dataset folder, an output for each pair, and the weights of three networks."""
    demo = demo_dataset("public")
    found = {
        "content": crops(demo.content, contents, 0),
        "style": crops(demo.reference, styles, 1),
    }
    for kind, pictures in found.items():
        (home / "data" / kind).mkdir(parents=True)
        for index, picture in enumerate(pictures):
            picture.save(home / "data" / kind / f"{kind}{index:03}.png")
    about = 'name = "bench"\nversion = "1"\ntitle = "Bench"\nlicence = "CC0-1.0"\n'
    (home / "data" / "dataset.toml").write_text(about)
    _outputs(home / "outputs", found["content"], found["style"])
    _weights(home)


def _outputs(folder: Path, contents: list[Image.Image], styles: list[Image.Image]) -> None:
    folder.mkdir()
    for c, content in enumerate(contents):
        for s, style in enumerate(styles):
            mixed = (np.asarray(content) // 2 + np.asarray(style) // 2).astype(np.uint8)
            name = Pair.of(f"content{c:03}", f"style{s:03}").id
            Image.fromarray(mixed).save(folder / f"{name}.png")


def _weights(home: Path) -> None:
    (home / INCEPTION).parent.mkdir(parents=True)
    torch.save(random_state(), home / INCEPTION)
    folder = home / "weights"
    folder.mkdir()
    (folder / "inception.pth").symlink_to(home / INCEPTION)
    vgg = torchvision.models.vgg19(weights=None).features.state_dict()
    torch.save({f"features.{name}": value for name, value in vgg.items()}, folder / "vgg.pth")
    torch.save(trunk_state(random_trunk("squeeze")), folder / "trunk.pth")
    torch.save(head_state("squeeze"), folder / "heads.pth")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
