"""Agreement on real weights and pictures: pytorch-fid's own FID, and plain float64 VGG losses.

The other side shares no code with ours: pytorch-fid's network and ``sqrtm``, and convolutions
written out in float64. Skipped where the real weights and pictures are not at hand.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pytorch_fid.fid_score import calculate_frechet_distance
from torch import Tensor
from torch.nn import functional as F

from evaluator.backbones.weights import sha256_of
from evaluator.datasets import Dataset, Pair, load_dataset
from evaluator.images import decode, encode_png
from evaluator.metrics.fid import frechet_distance
from evaluator.protocols import BackboneSpec, Protocol, WeightsRef, metrics_of, protocol
from evaluator.scoring import Scorer
from evaluator.set_measures import Need
from tests.conftest import Agree
from tests.evaluator.backbones.peers import pytorch_fid_network, unfolded

VGG_FILE = "vgg19_caffe_bgr_relu4_1_mixed.pth"
INCEPTION_FILE = "inception2015_folded_to_mixed6e.pth"
CONTENT_LAYER = "conv3_4"
STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")
REFERENCE = Need("reference", "inception")


@pytest.fixture(scope="module")
def real(shared_weights: Path) -> Protocol:
    """The real networks as far as they are at hand: VGG to conv4_1, Inception to 768 channels."""

    def ref(name: str) -> WeightsRef:
        return WeightsRef(name, sha256_of(shared_weights / name))

    return replace(
        protocol("untrained-1"),
        name="real",
        backbones=(
            BackboneSpec("perceptual", "vgg19", ref(VGG_FILE), "caffe"),
            BackboneSpec("inception", "inception-v3-2015-12-05", ref(INCEPTION_FILE), "fid"),
        ),
        metrics=metrics_of(
            content_layer=CONTENT_LAYER,
            style_layers=STYLE_LAYERS,
            beta=1e3,
            fid_dims=768,
            fid_minimum=2,
        ),
    )


@pytest.fixture(scope="module")
def dataset(
    shared_images: Path, real: Protocol, tmp_path_factory: pytest.TempPathFactory
) -> Dataset:
    """The real pictures, cut to the protocol's size, under names that a dataset allows."""
    root = tmp_path_factory.mktemp("real")
    for kind in ("content", "style"):
        (root / kind).mkdir()
        for index, path in enumerate(sorted((shared_images / kind).glob("*.jpg"))):
            pixels = decode(path, real.pictures)
            (root / kind / f"{kind}{index:02}.png").write_bytes(encode_png(pixels))
    (root / "dataset.toml").write_text('name = "real"\nversion = "1"\nlicence = "CC0-1.0"\n')
    return load_dataset(root)


@pytest.fixture(scope="module")
def scorer(
    real: Protocol, shared_weights: Path, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Scorer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        warm = Scorer(real, weights_dir=shared_weights)
        warm.prepare(dataset)
    return warm


def weights(path: Path) -> dict[str, Tensor]:
    found = torch.load(path, weights_only=True, map_location="cpu")
    assert isinstance(found, dict)
    return found


def plain_vgg(state: dict[str, Tensor], pixels: NDArray[np.uint8]) -> dict[str, Tensor]:
    """VGG-19 to conv4_1 in float64, one operation after the other."""
    mean = torch.tensor([103.939, 116.779, 123.68], dtype=torch.float64).view(3, 1, 1)
    x = (torch.from_numpy(pixels[..., ::-1].copy()).permute(2, 0, 1).double() - mean)[None]
    found = {}
    for name, number in zip(
        ["1_1", "1_2", "P", "2_1", "2_2", "P", "3_1", "3_2", "3_3", "3_4", "P", "4_1"],
        (0, 2, 4, 5, 7, 9, 10, 12, 14, 16, 18, 19),
        strict=True,
    ):
        if name == "P":
            x = F.max_pool2d(x, 2)
            continue
        kernel, bias = (state[f"features.{number}.{part}"].double() for part in ("weight", "bias"))
        x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1)), kernel, bias))
        found[f"conv{name}"] = x[0]
    return found


def plain_losses(
    state: dict[str, Tensor],
    content: NDArray[np.uint8],
    style: NDArray[np.uint8],
    output: NDArray[np.uint8],
) -> dict[str, float]:
    """Every pair metric by its formula, Gatys et al. eq. 1, 4, 5 and 7, in numpy."""
    of_output, of_content, of_style = (plain_vgg(state, x) for x in (output, content, style))
    gaps = (of_output[CONTENT_LAYER] - of_content[CONTENT_LAYER]).numpy()
    style_loss = style_mse = 0.0
    for layer in STYLE_LAYERS:
        f, s = (x[layer].flatten(1).numpy() for x in (of_output, of_style))
        n, m = f.shape
        squares = ((f @ f.T - s @ s.T) ** 2).sum()
        style_loss += squares / (4 * n**2 * m**2) / len(STYLE_LAYERS)
        style_mse += squares / n**2 / (n * m) ** 2 / len(STYLE_LAYERS)
    content_loss = 0.5 * (gaps**2).sum()
    return {
        "content_loss": content_loss,
        "content_mse": (gaps**2).mean(),
        "content_rmse": (gaps**2).mean() ** 0.5,
        "style_loss": style_loss,
        "style_mse": style_mse,
        "style_rmse": style_mse**0.5,
        "total_loss": content_loss + 1e3 * style_loss,
    }


def real_pictures(dataset: Dataset, pair: Pair) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    content = decode(dataset.content.by_id(pair.content).path, protocol("untrained-1").pictures)
    return content, decode(dataset.style.by_id(pair.style).path, protocol("untrained-1").pictures)


def difference(
    scorer: Scorer, dataset: Dataset, state: dict[str, Tensor], pair: Pair
) -> dict[str, float]:
    """Relative difference of each metric, for an output half way between content and style."""
    content, style = real_pictures(dataset, pair)
    output = content // 2 + style // 2
    expected = plain_losses(state, content, style, output)
    found = scorer.score(dataset, pair, content, style, output).values
    assert found.keys() == expected.keys()
    return {name: abs(found[name] / expected[name] - 1) for name in expected}


@pytest.mark.slow
def test_vgg_losses_agree_with_a_plain_float64_computation(
    scorer: Scorer, dataset: Dataset, shared_weights: Path, agree: Agree
) -> None:
    state = weights(shared_weights / VGG_FILE)
    pairs = [pair for index, pair in enumerate(dataset.pairs) if index % 73 == 0]
    found = [difference(scorer, dataset, state, pair) for pair in pairs]
    for name in found[0]:
        agree(f"{name}.float64", max(each[name] for each in found))


def pytorch_fid_features(network: torch.nn.Module, pictures: list[NDArray[np.uint8]]) -> np.ndarray:
    rows = []
    with torch.inference_mode():
        for pixels in pictures:
            x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
            rows.append(F.adaptive_avg_pool2d(network(x)[0], 1).flatten().numpy())
    return np.stack(rows).astype(np.float64)


@pytest.mark.slow
def test_fid_agrees_with_pytorch_fid_on_real_features(
    scorer: Scorer, dataset: Dataset, shared_weights: Path, agree: Agree
) -> None:
    network = pytorch_fid_network(unfolded(weights(shared_weights / INCEPTION_FILE)), 768)
    size = protocol("untrained-1").pictures
    photographs, paintings = (
        [decode(picture.path, size) for picture in pictures]
        for pictures in (dataset.content, dataset.style)
    )
    pairs = [Pair.of(picture.id, dataset.style.pictures[0].id) for picture in dataset.content]
    ours = np.stack(
        [
            scorer.score(dataset, pair, pixels, paintings[0], pixels).features["inception"]
            for pair, pixels in zip(pairs, photographs, strict=True)
        ]
    )
    theirs = [pytorch_fid_features(network, pictures) for pictures in (photographs, paintings)]
    fid = frechet_distance(ours, scorer.reference_rows(dataset, REFERENCE))
    exact = frechet_distance(*theirs)
    agree("fid.pytorch-fid.768-features", abs(fid / exact - 1))
    peer = calculate_frechet_distance(
        *(statistic for rows in theirs for statistic in (rows.mean(0), np.cov(rows, rowvar=False)))
    )
    agree("fid.pytorch-fid.768", abs(fid / peer - 1))
