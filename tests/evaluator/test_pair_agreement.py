"""Pair metrics on real weights and pictures: plain float64 values, copies found, α against β."""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from baselines.networks.published import NETWORKS
from evaluator import pair_specs
from evaluator.backbones.loading import load_state
from evaluator.backbones.vgg import Vgg
from evaluator.backbones.weights import sha256_of
from evaluator.datasets import Dataset, load_dataset
from evaluator.images import decode, encode_jpeg, encode_png
from evaluator.metrics.style_copy import style_copy
from evaluator.protocols import BackboneSpec, Protocol, WeightsRef, metrics_of, protocol
from evaluator.scoring import Scorer
from tests.conftest import Agree, RecordFigure
from tests.evaluator.test_agreement import VGG_FILE, plain_vgg, weights

Pixels = NDArray[np.uint8]

pytestmark = pytest.mark.slow

SIZE = protocol("untrained-1").pictures
SCALE = 1 / 57
SETTINGS = {"side": 24, "texture": 6.0, "similarity": 0.97}


def pictures(folder: Path, kind: str, step: int) -> list[Pixels]:
    return [decode(path, SIZE) for path in sorted((folder / kind).glob("*.jpg"))[::step]]


@pytest.fixture(scope="module")
def real(shared_weights: Path) -> Protocol:
    """The real VGG as far as it is at hand, to conv4_1."""
    ref = WeightsRef(VGG_FILE, sha256_of(shared_weights / VGG_FILE))
    return replace(
        protocol("untrained-1"),
        name="real-pairs",
        backbones=(BackboneSpec("perceptual", "vgg19", ref, "caffe"),),
        metrics=(pair_specs.mean_std(), pair_specs.cfsd(scale=SCALE)),
    )


@pytest.fixture(scope="module")
def dataset(shared_images: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("real-pairs")
    for kind in ("content", "style"):
        (root / kind).mkdir()
        for index, pixels in enumerate(pictures(shared_images, kind, 9)[:2]):
            (root / kind / f"{kind}{index}.png").write_bytes(encode_png(pixels))
    (root / "dataset.toml").write_text('name = "real"\nversion = "1"\nlicence = "CC0-1.0"\n')
    return load_dataset(root)


def plain_cfsd(output: NDArray[np.float64], content: NDArray[np.float64]) -> float:
    """The whole matrices of similarities, in numpy."""

    def log_similarities(x: NDArray[np.float64]) -> NDArray[np.float64]:
        places = x.reshape(len(x), -1).T * (SCALE / len(x))
        products = places @ places.T
        products -= products.max(axis=1, keepdims=True)
        return products - np.log(np.exp(products).sum(axis=1, keepdims=True))

    p, q = log_similarities(content), log_similarities(output)
    return float((np.exp(p) * (p - q)).sum())


def plain_mean_std(output: dict[str, torch.Tensor], style: dict[str, torch.Tensor]) -> float:
    total = 0.0
    for layer in pair_specs.MEAN_STD_LAYERS:
        x, y = (z[layer].flatten(1).numpy() for z in (output, style))
        total += np.linalg.norm(x.mean(1) - y.mean(1))
        deviations = (np.sqrt(z.var(1) + 1e-5) for z in (x, y))
        total += np.linalg.norm(np.subtract(*deviations))
    return float(total)


def test_mean_std_and_cfsd_agree_with_a_plain_float64_computation(
    real: Protocol,
    dataset: Dataset,
    shared_weights: Path,
    agree: Agree,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path))
    scorer, state = Scorer(real, weights_dir=shared_weights), weights(shared_weights / VGG_FILE)
    pair = dataset.pairs[0]
    content, style = (
        decode(s.by_id(i).path, SIZE)
        for s, i in ((dataset.content, pair.content), (dataset.style, pair.style))
    )
    output = content // 2 + style // 2
    found = scorer.score(dataset, pair, content, style, output).values
    of_output, of_content, of_style = (plain_vgg(state, x) for x in (output, content, style))
    expected = {
        "mean_std_loss": plain_mean_std(of_output, of_style),
        "cfsd": plain_cfsd(of_output["conv3_1"].numpy(), of_content["conv3_1"].numpy()),
    }
    for name, value in expected.items():
        agree(f"{name}.float64", abs(found[name] / value - 1))


def stylised(shared_weights: Path, contents: list[Pixels], styles: list[Pixels]) -> list[Pixels]:
    """By a trained arbitrary-style model."""
    files = sorted((shared_weights / "entries" / "microast").glob("*"))
    (wrapped,) = NETWORKS["microast"](files)
    outputs = []
    for content, style in zip(contents, styles, strict=True):
        planes = (
            torch.from_numpy(x).permute(2, 0, 1)[None].float() / 255 for x in (content, style)
        )
        with torch.inference_mode():
            painted = wrapped.network.eval()(*planes)[0]
        outputs.append((painted.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy())
    return outputs


def test_copies_are_flagged_and_a_trained_model_s_pictures_are_not(
    shared_weights: Path, shared_images: Path, record_figure: RecordFigure
) -> None:
    contents, styles = (pictures(shared_images, kind, 4)[:5] for kind in ("content", "style"))
    outputs = stylised(shared_weights, contents, styles)
    honest, pasted, compressed = [], [], []
    for output, style in zip(outputs, styles, strict=True):
        honest.append(style_copy(output, style, **SETTINGS))
        output[77:173, 50:146] = style[101:197, 33:129]
        pasted.append(style_copy(output, style, **SETTINGS))
        again = decode(encode_jpeg(output, quality=85), SIZE)
        compressed.append(style_copy(again, style, **SETTINGS))
    record_figure("style_copy.honest.worst", max(honest), "share")
    record_figure("style_copy.pasted.least", min(pasted), "share")
    record_figure("style_copy.pasted-jpeg85.least", min(compressed), "share")
    assert max(honest) < 0.01
    assert min(pasted) > 0.06
    assert min(compressed) > 0.03


REAL_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")


def on_seeded_weights() -> Protocol:
    rules = protocol("untrained-1")
    return replace(rules, metrics=tuple(m for m in rules.metrics if m.name != "fid"))


def on_real_weights(real: Protocol) -> Protocol:
    """Of Caffe's activations, some 57 times as large as torchvision's."""
    metrics = metrics_of(
        content_layer="conv3_4", style_layers=REAL_LAYERS, beta=30.0, fid_dims=64, fid_minimum=64
    )
    return replace(real, metrics=tuple(m for m in metrics if m.name != "fid"))


@pytest.mark.parametrize("kind", ["seeded", "real"])
def test_gatys_optimisation_trades_content_for_style_as_beta_grows(
    kind: str,
    real: Protocol,
    dataset: Dataset,
    shared_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The losses that are reported are those of outputs that were optimised for α and β."""
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path))
    rules = on_seeded_weights() if kind == "seeded" else on_real_weights(real)
    folder = None if kind == "seeded" else shared_weights
    rules = replace(
        rules,
        pictures=replace(rules.pictures, size=72),
        backbones=tuple(spec for spec in rules.backbones if spec.role == "perceptual"),
    )
    scorer, pair = Scorer(rules, weights_dir=folder), dataset.pairs[0]
    content, style = (
        decode(s.by_id(i).path, rules.pictures)
        for s, i in ((dataset.content, pair.content), (dataset.style, pair.style))
    )
    descent = Descent.of(rules, folder)
    middle = cast("float", rules.metric("total_loss").parameter("beta"))
    values = [
        scorer.score(dataset, pair, content, style, descent.painted(content, style, beta)).values
        for beta in (middle / 100, middle, middle * 100)
    ]
    assert all(a["content_loss"] < b["content_loss"] for a, b in pairwise(values))
    assert all(a["style_loss"] > b["style_loss"] for a, b in pairwise(values))


@dataclass(frozen=True)
class Descent:
    """Gradient descent on the pixels from the content picture, as Gatys et al. do."""

    vgg: Vgg
    content: str
    styles: tuple[str, ...]

    @classmethod
    def of(cls, rules: Protocol, folder: Path | None) -> "Descent":
        """On the network and the layers that the protocol's losses look at."""
        spec = rules.backbone("perceptual")
        content = cast("str", rules.metric("content_loss").parameter("layer"))
        styles = cast("tuple[str, ...]", rules.metric("style_loss").parameter("layers"))
        state = load_state(spec.weights, folder)
        layers = [*styles, content]
        return cls(Vgg(state, spec, layers=layers, device=torch.device("cpu")), content, styles)

    def painted(self, content: Pixels, style: Pixels, beta: float, steps: int = 50) -> Pixels:
        with torch.no_grad():
            target = self.vgg.features(torch.from_numpy(content)[None])[self.content]
            targets = self._grams(self.vgg.features(torch.from_numpy(style)[None]))
        pixels = torch.from_numpy(content)[None].float().requires_grad_()
        descent = torch.optim.Adam([pixels], lr=4.0)
        for _ in range(steps):
            descent.zero_grad()
            found = self.vgg.features(pixels)
            pairs = zip(self._grams(found), targets, strict=True)
            gaps = [(g - t).square().mean() / 4 for g, t in pairs]
            kept = (found[self.content] - target).square().sum() / 2
            (kept + beta * sum(gaps) / len(gaps)).backward()
            descent.step()
        return pixels.detach()[0].clamp(0, 255).round().byte().numpy()

    def _grams(self, found: dict[str, torch.Tensor]) -> list[torch.Tensor]:
        flat = [found[layer][0].flatten(1) for layer in self.styles]
        return [x @ x.T / x.shape[1] for x in flat]
