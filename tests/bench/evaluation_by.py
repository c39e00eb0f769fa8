"""``python -m tests.bench.evaluation_by ours|lpips|vgg HOME``: one process of an evaluation.

``ours`` computes content, style, total loss, LPIPS and FID in one go. ``lpips`` and ``vgg`` are the
loops that people write around the lpips package and torchvision's VGG-19.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path


def ours(home: Path) -> None:
    """The evaluator on ready-made outputs."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does
    from evaluator import pair_specs
    from evaluator.backbones.weights import sha256_of
    from evaluator.protocols import MetricSpec, WeightsRef, protocol, register_protocol
    from evaluator.score_outputs import score_outputs
    from evaluator.scoring import Scorer

    def ref(name: str) -> WeightsRef:
        return WeightsRef(name, sha256_of(home / "weights" / name))

    base = protocol("standard-1")
    names = ("total_loss", "content_loss", "style_loss")
    metrics = tuple(spec for spec in base.metrics if spec.name in names)
    lpips = replace(
        pair_specs.LPIPS_BACKBONES["squeeze"], weights=ref("trunk.pth"), heads=ref("heads.pth")
    )
    rules = register_protocol(
        replace(
            base,
            name="bench",
            backbones=(
                replace(base.backbone("perceptual"), weights=ref("vgg.pth")),
                replace(base.backbone("inception"), weights=ref("inception.pth")),
                lpips,
            ),
            metrics=(
                *metrics,
                MetricSpec("fid", (("dims", 2048),), minimum=2),
                pair_specs.lpips("squeeze"),
            ),
        )
    )
    scorer = Scorer(rules, weights_dir=home / "weights")
    report = score_outputs(home / "outputs", home / "data", scorer=scorer)
    print({name: score.value for name, score in report.overall.items()})


def lpips(home: Path) -> None:
    """The package's own way: two pictures in, a distance out."""
    import numpy as np
    import torch
    from lpips import LPIPS, im2tensor
    from PIL import Image

    network = LPIPS(net="squeeze", pnet_rand=True, verbose=False)
    total = 0.0
    with torch.no_grad():
        for output, content, _ in _pairs(home):
            found = (np.asarray(Image.open(path).convert("RGB")) for path in (output, content))
            pictures = map(im2tensor, found)
            total += float(network(*pictures))
    print(total)


def vgg(home: Path) -> None:
    """Gatys' losses as they are usually written, without a memory of pictures seen before."""
    import torch
    import torchvision
    from torchvision.io import ImageReadMode, decode_image

    network = torchvision.models.vgg19(weights=None).features[:29].eval()
    mean, deviation = (
        torch.tensor(values).view(3, 1, 1)
        for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )

    def features(path: Path) -> dict[int, torch.Tensor]:
        x = decode_image(str(path), ImageReadMode.RGB).float() / 255
        x = ((x - mean) / deviation)[None]
        found = {}
        for index, layer in enumerate(network):
            x = layer(x)
            if index in (1, 6, 11, 20, 22):
                found[index] = x.clone()
        return found | {29: x}

    def gram(x: torch.Tensor) -> torch.Tensor:
        flat = x[0].flatten(1)
        return flat @ flat.T / flat.shape[1]

    total = 0.0
    with torch.no_grad():
        for paths in _pairs(home):
            output, content, style = map(features, paths)
            total += float((output[22] - content[22]).square().sum() / 2)
            for layer in (1, 6, 11, 20, 29):
                total += float((gram(output[layer]) - gram(style[layer])).square().mean())
    print(total)


def _pairs(home: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Output, content and style picture of each pair."""
    for output in sorted((home / "outputs").iterdir()):
        content, style = output.stem.split("__")
        data = home / "data"
        yield output, data / "content" / f"{content}.png", data / "style" / f"{style}.png"


if __name__ == "__main__":
    {"ours": ours, "lpips": lpips, "vgg": vgg}[sys.argv[1]](Path(sys.argv[2]))
