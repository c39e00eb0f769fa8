"""The weights that come with the package: whole, small, found without a download, and sane."""

import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from evaluator.backbones import weights as registry
from evaluator.backbones.compact import CompactLpipsNetwork, CompactMaps, CompactRows
from evaluator.backbones.download import fetch
from evaluator.backbones.loading import LoadedState, load_state
from evaluator.backbones.networks import Networks
from evaluator.backbones.weights import PACKAGED, known, path_of, sha256_of, state_of
from evaluator.compact.shipped import SHIPPED
from evaluator.compact.shipping import MOST_BYTES
from evaluator.compact_specs import COMPACT_FID_DIMS
from evaluator.demo.photographs import crops_of
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.measures import Measures
from evaluator.protocols import protocol
from evaluator.specs import WeightsRef
from evaluator.views import look

RULES = protocol("compact-full-1")
NAMES = [f"compact-{network}" for network in SHIPPED]

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Networks:
    measures = Measures.of(RULES)
    return Networks(
        RULES,
        layers=measures.layers,
        stacks=measures.output.stacks,
        device=torch.device("cpu"),
        weights_dir=tmp_path_factory.mktemp("empty"),  # nothing cached, nothing to be had
        on_download=None,
    )


@pytest.fixture(scope="module")
def pictures() -> list[Pixels]:
    """A photograph and two others, one of them as style."""
    crops = crops_of("heldout")
    return [np.array(crops[index].cut(), np.uint8) for index in (0, 3, 13)]


def values(networks: Networks, output: Pixels, content: Pixels, style: Pixels) -> dict[str, float]:
    measures = Measures.of(RULES)
    wanted = measures.output | measures.content | measures.style
    seen = [look(networks, picture, wanted) for picture in (output, content, style)]
    return measures.values(*seen)


@pytest.mark.parametrize("name", NAMES)
def test_files_are_the_registered_ones(name: str) -> None:
    weights = known(name)
    path = path_of(weights)
    assert path.parent == PACKAGED
    assert path.stat().st_size == weights.size
    assert sha256_of(path) == weights.sha256 == RULES.weights[name]
    assert state_of(weights) == "present"


def test_all_together_stay_small() -> None:
    assert sum(path.stat().st_size for path in PACKAGED.iterdir()) <= MOST_BYTES
    assert {path.name for path in PACKAGED.iterdir()} == {f"{name}.safetensors" for name in NAMES}


def test_they_are_found_without_the_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)  # any attempt to download fails to import it
    for name, digest in RULES.weights.items():
        assert load_state(WeightsRef(name, digest), tmp_path).sha256 == digest
        assert fetch(known(name), tmp_path) == path_of(known(name))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_installation_is_told_to_install_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(registry, "PACKAGED", tmp_path)
    ref = WeightsRef(NAMES[0], known(NAMES[0]).sha256)
    with pytest.raises(PlatformFault, match="install StyleArena again") as caught:
        load_state(ref, tmp_path)
    assert caught.value.code == "weights.missing"
    (tmp_path / f"{NAMES[0]}.safetensors").write_bytes(b"x")
    with pytest.raises(PlatformFault, match="install StyleArena again"):
        fetch(known(NAMES[0]), tmp_path)


def test_they_cannot_be_replaced_by_hand(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError, match="comes with StyleArena") as caught:
        registry.add(known(NAMES[0]), tmp_path / "any")
    assert caught.value.code == "weights.packaged"


@pytest.mark.parametrize(
    "network",
    [
        partial(CompactMaps, layers=["conv1_1"]),
        CompactLpipsNetwork,
        partial(CompactRows, dims=COMPACT_FID_DIMS),
    ],
)
def test_weights_of_another_network_are_refused(network: Callable[..., object]) -> None:
    state = LoadedState("odd", {"weight": torch.zeros(1)}, "0" * 64)
    with pytest.raises(PlatformFault, match="odd do not fit") as caught:
        network(state, device=torch.device("cpu"))
    assert caught.value.code == "weights.format"


def test_the_content_is_perfect_by_content_metrics_and_the_style_by_style_metrics(
    networks: Networks, pictures: list[Pixels]
) -> None:
    content, _, style = pictures
    kept, copied = (values(networks, output, content, style) for output in (content, style))
    assert all(kept[name] == 0 < copied[name] for name in ("content_loss", "lpips_compact", "cfsd"))
    assert all(copied[name] == 0 < kept[name] for name in ("style_loss", "mean_std_loss"))
    assert kept["style_copy"] == 0
    assert copied["style_copy"] == 1


def test_metrics_follow_a_blend_from_content_to_style(
    networks: Networks, pictures: list[Pixels]
) -> None:
    content, _, style = (picture.astype(np.float32) for picture in pictures)
    rows = []
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        output = ((1 - share) * content + share * style).astype(np.uint8)
        rows.append(values(networks, output, pictures[0], pictures[2]))
    for metric in ("content_loss", "lpips_compact", "cfsd"):
        assert all(a[metric] < b[metric] for a, b in pairwise(rows))
    # A blend is paler than either picture, and so is its Gram matrix: at first the loss rises.
    assert all(a["style_loss"] > b["style_loss"] for a, b in pairwise(rows[1:]))
    assert rows[0]["style_loss"] > rows[2]["style_loss"]


def test_pictures_of_any_size_have_values_of_a_usual_order(networks: Networks) -> None:
    rng = np.random.default_rng(0)
    output, content, style = (
        rng.integers(0, 256, shape, dtype=np.uint8)
        for shape in ((101, 67, 3), (101, 67, 3), (64, 90, 3))
    )
    found = values(networks, output, content, style)
    assert all(np.isfinite(value) for value in found.values())
    assert networks.rows(output)["inception"].shape == (COMPACT_FID_DIMS,)


def test_a_guard_ends_at_a_block_of_its_own(tmp_path: Path, pictures: list[Pixels]) -> None:
    rules = protocol("compact-guarded-1")
    networks = Networks(
        rules,
        layers=(),
        stacks=(),
        device=torch.device("cpu"),
        weights_dir=tmp_path,
        on_download=None,
    )
    rows = networks.rows(pictures[0])
    assert {stream: row.shape for stream, row in rows.items()} == {
        "inception": (COMPACT_FID_DIMS,),
        "inception-guard": (64,),
    }


def test_a_picture_s_features_and_values_are_the_same_bits_for_any_number_of_threads(
    networks: Networks, pictures: list[Pixels]
) -> None:
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append((networks.rows(pictures[0])["inception"], values(networks, *pictures)))
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
