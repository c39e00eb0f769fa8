"""The pair metrics through the scorer: extremes, sweeps, and values that depend on nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from evaluator.backbones.networks import Networks
from evaluator.datasets import Dataset, Pair
from evaluator.errors import PlatformFault
from evaluator.images import PicturePolicy, decode, encode_jpeg
from evaluator.metrics.catalogue import METRICS
from evaluator.protocols import WeightsRef
from evaluator.scoring import Scorer
from evaluator.views import KeptViews, View, Wanted
from tests.evaluator.pair_protocol import CONTENT_METRICS, STYLE_METRICS, pair_protocol
from tests.evaluator.tiny import tiny_dataset

Pixels = NDArray[np.uint8]
Values = dict[str, float]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("data") / "tiny", contents=2, styles=2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def make(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Scorer]]:
    rules = pair_protocol(weights)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield lambda: Scorer(rules, weights_dir=weights)


@pytest.fixture(scope="module")
def scorer(make: Callable[[], Scorer]) -> Scorer:
    return make()


def pictures(scorer: Scorer, dataset: Dataset, pair: Pair) -> tuple[Pixels, Pixels]:
    sets = ((dataset.content, pair.content), (dataset.style, pair.style))
    content, style = (decode(s.by_id(i).path, scorer.protocol.pictures) for s, i in sets)
    return content, style


def score(
    scorer: Scorer, dataset: Dataset, output: Callable[[Pixels, Pixels], Pixels], pair: int = 0
) -> Values:
    chosen = dataset.pairs[pair]
    content, style = pictures(scorer, dataset, chosen)
    return scorer.score(dataset, chosen, content, style, output(content, style)).values


def mixed(t: float) -> Callable[[Pixels, Pixels], Pixels]:
    return lambda c, s: np.round((1 - t) * c + t * s).astype(np.uint8)


def rises(values: list[float]) -> bool:
    return all(before < after for before, after in pairwise(values))


def test_values_come_in_the_catalogue_s_order(scorer: Scorer, dataset: Dataset) -> None:
    values = score(scorer, dataset, mixed(0.5))
    assert list(values) == [name for name in METRICS if name in values]
    assert values.keys() == {spec.name for spec in scorer.protocol.metrics}


def test_the_heads_of_lpips_are_in_the_provenance(scorer: Scorer) -> None:
    spec = scorer.protocol.backbone("lpips-squeeze")
    assert spec.heads is not None
    assert scorer.weights == scorer.protocol.weights
    assert scorer.weights[spec.heads.name] == spec.heads.sha256
    assert spec.heads.sha256 in scorer.protocol.to_toml()


def test_heads_with_another_digest_are_refused(scorer: Scorer, weights: Path) -> None:
    spec = scorer.protocol.backbone("lpips-squeeze")
    wrong = replace(spec, heads=WeightsRef("heads.pth", "0" * 64))
    others = tuple(each for each in scorer.protocol.backbones if each != spec)
    rules = replace(scorer.protocol, backbones=(*others, wrong))
    with pytest.raises(PlatformFault, match=r"heads\.pth") as caught:
        Scorer(rules, weights_dir=weights)
    assert caught.value.code == "weights.digest"


def test_the_content_itself_is_perfect_by_every_content_metric(
    scorer: Scorer, dataset: Dataset
) -> None:
    values = score(scorer, dataset, lambda content, _: content)
    assert [values[name] for name in CONTENT_METRICS] == [0] * len(CONTENT_METRICS)
    assert values["ssim"] == pytest.approx(1, abs=1e-12)
    assert all(values[name] > 0 for name in STYLE_METRICS)
    assert values["style_copy"] == 0


def test_the_style_picture_is_perfect_by_every_style_metric_and_flagged(
    scorer: Scorer, dataset: Dataset
) -> None:
    values = score(scorer, dataset, lambda _, style: style)
    for name in STYLE_METRICS:
        assert values[name] == pytest.approx(0, abs=1e-9), name
    assert all(values[name] > 0 for name in CONTENT_METRICS)
    assert values["style_copy"] == 1


def test_from_content_to_style_every_metric_moves_one_way(scorer: Scorer, dataset: Dataset) -> None:
    steps = [score(scorer, dataset, mixed(t)) for t in (0, 0.25, 0.5, 0.75, 1)]
    for name in CONTENT_METRICS:
        assert rises([step[name] for step in steps]), name
    for name in (*STYLE_METRICS, "ssim"):
        assert rises([-step[name] for step in steps]), name
    copied = [step["style_copy"] for step in steps]
    assert copied == sorted(copied)


def blurred(radius: float) -> Callable[[Pixels, Pixels], Pixels]:
    return lambda c, _: np.array(Image.fromarray(c).filter(ImageFilter.GaussianBlur(radius)))


def noisy(deviation: float) -> Callable[[Pixels, Pixels], Pixels]:
    def output(content: Pixels, _: Pixels) -> Pixels:
        noise = np.random.default_rng(0).normal(0, 1, content.shape)
        return np.clip(content + deviation * noise, 0, 255).round().astype(np.uint8)

    return output


def compressed(quality: int) -> Callable[[Pixels, Pixels], Pixels]:
    return lambda c, _: decode(encode_jpeg(c, quality), PicturePolicy(size=None))


SWEEPS = {
    "blur": [blurred(radius) for radius in (0.6, 1.2, 2.4, 4.8)],
    "noise": [noisy(deviation) for deviation in (4, 8, 16, 32)],
    "jpeg": [compressed(quality) for quality in (95, 60, 20)],
}


@pytest.mark.parametrize("sweep", SWEEPS)
def test_content_metrics_get_worse_with_damage(
    sweep: str, scorer: Scorer, dataset: Dataset
) -> None:
    steps = [score(scorer, dataset, output) for output in SWEEPS[sweep]]
    for name in CONTENT_METRICS:
        assert rises([step[name] for step in steps]), name
    assert rises([-step["ssim"] for step in steps])


def test_values_depend_on_no_other_pair_nor_on_what_is_kept(
    make: Callable[[], Scorer], scorer: Scorer, dataset: Dataset
) -> None:
    forwards = [score(scorer, dataset, mixed(0.3), pair) for pair in range(4)]
    alone = [score(make(), dataset, mixed(0.3), pair) for pair in (3, 2, 1, 0)]
    assert forwards == alone[::-1]


def test_values_are_the_same_for_any_number_of_threads(scorer: Scorer, dataset: Dataset) -> None:
    """But for rounding: small convolutions are split along their sums, in float32, by thread."""
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(score(scorer, dataset, mixed(0.3)))
    torch.set_num_threads(before)
    assert found[1] == pytest.approx(found[0], rel=1e-7)
    assert found[2] == pytest.approx(found[0], rel=1e-7)


def test_an_output_passes_each_network_once(
    make: Callable[[], Scorer], dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = make()
    score(fresh, dataset, mixed(0.3))  # contents and styles are seen and kept
    passes: list[str] = []
    for name in ("maps", "stack"):
        whole = getattr(Networks, name)

        def counted(
            *args: object, _whole: Callable[..., object] = whole, _of: str = name
        ) -> object:
            passes.append(_of)
            return _whole(*args)

        monkeypatch.setattr(Networks, name, counted)
    score(fresh, dataset, mixed(0.4))
    assert sorted(passes) == ["maps", "stack"]


def view(size: int) -> View:
    return View(np.zeros((size, 1, 3), np.uint8))


def test_no_more_views_are_kept_than_there_is_room_for() -> None:
    kept = KeptViews(room=100)
    made: list[str] = []

    def get(key: str, size: int) -> None:
        def make_view() -> View:
            made.append(key)
            return view(size)

        kept.get(key, make_view)

    for key in ("a", "b", "a", "c", "a", "b"):
        get(key, 12)  # 36 bytes each: two fit
    assert made == ["a", "b", "c", "b"]
    get("large", 200)
    get("large", 200)
    assert made[-1] == "large"
    assert made.count("large") == 1


def test_wants_add_up() -> None:
    both = Wanted(maps=frozenset({"x"})) | Wanted(maps=frozenset({"y"}), colours=frozenset({8}))
    assert both == Wanted(maps=frozenset({"x", "y"}), colours=frozenset({8}))
