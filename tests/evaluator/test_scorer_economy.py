"""What the scorer spares: decoding a picture twice, and giving up when memory runs short."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from evaluator.datasets import Dataset
from evaluator.errors import PlatformFault
from evaluator.images import PicturePolicy, decode
from evaluator.scoring import Scorer
from tests.evaluator.test_scoring import QUICK, Pixels, score
from tests.evaluator.tiny import tiny_dataset


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("dataset") / "tiny", contents=2, styles=3)


def test_a_picture_is_decoded_once_for_all_that_is_read_of_it(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []

    def counted(path: Path, policy: PicturePolicy, *, name: str) -> Pixels:
        decoded.append(name)
        return decode(path, policy, name=name)

    monkeypatch.setattr("evaluator.scoring.decode", counted)
    Scorer(replace(QUICK, digits=4)).prepare(dataset)
    assert sorted(decoded) == ["s0.png", "s1.png", "s2.png"]


@pytest.mark.parametrize(
    ("what", "other"), [("decoder_version", lambda: "another"), ("ENGINES", "another")]
)
def test_targets_of_another_version_are_made_anew(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, what: str, other: object
) -> None:
    rules = replace(QUICK, digits=5, title=what)
    computed: list[int] = []

    def prepared() -> int:
        computed.clear()
        Scorer(rules).prepare(dataset, lambda done, _: computed.append(done))
        return len(computed)

    assert prepared()
    assert not prepared()
    monkeypatch.setattr(f"evaluator.scoring.{what}", other)
    assert prepared()


def test_a_pair_is_scored_again_without_what_was_kept_if_memory_runs_short(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Scorer(QUICK)
    expected = score(short, dataset, dataset.pairs[0], 0.3)
    real, refusals = short._networks.maps, ["twice at most"]

    def maps(pixels: Pixels, layers: frozenset[str]) -> dict[str, torch.Tensor]:
        if refusals:
            refusals.pop()
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        return real(pixels, layers)

    monkeypatch.setattr(short._networks, "maps", maps)
    again = score(short, dataset, dataset.pairs[0], 0.3)
    assert refusals == []
    assert again.values == expected.values
    refusals.extend(["no", "room"])
    with pytest.raises(PlatformFault, match="even one picture") as caught:
        score(short, dataset, dataset.pairs[0], 0.3)
    assert caught.value.code == "device.out_of_memory"
