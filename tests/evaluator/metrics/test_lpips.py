"""LPIPS: the lpips package's own value, by all three networks, and real ones where they are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from evaluator.backbones.loading import LoadedState, exact_arithmetic
from evaluator.backbones.lpips import LpipsNetwork, Stack
from evaluator.images import PicturePolicy, decode
from evaluator.metrics.lpips import LpipsMeasure, lpips
from evaluator.pair_specs import LPIPS_BACKBONES
from tests.conftest import Agree
from tests.evaluator.backbones.lpips_peer import (
    head_state,
    lpips_network,
    peer_distance,
    random_trunk,
    trunk_state,
)

CPU = torch.device("cpu")


def picture(seed: int, side: int = 72) -> Tensor:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (side // 8, side // 8, 3))
    noise = random.integers(-20, 21, (side, side, 3))
    pixels = np.kron(coarse, np.ones((8, 8, 1))) + noise
    return torch.from_numpy(np.clip(pixels, 0, 255).astype(np.uint8))


def network(net: str, trunk: dict[str, Tensor]) -> LpipsNetwork:
    heads = LoadedState("heads", head_state(net), "")
    return LpipsNetwork(LPIPS_BACKBONES[net], LoadedState("trunk", trunk, ""), heads, device=CPU)


def distance(net: str, ours: LpipsNetwork, a: Tensor, b: Tensor) -> float:
    with exact_arithmetic():
        first, second = ({net: ours.stack(x[None])} for x in (a, b))
        return LpipsMeasure(net).value(first, second)


@pytest.mark.parametrize("net", ["alex", "squeeze", "vgg"])
def test_it_is_the_package_s_with_the_same_weights(net: str, agree: Agree) -> None:
    trunk = random_trunk(net)
    ours, theirs = network(net, trunk_state(trunk)), lpips_network(net, trunk)
    pairs = [(picture(0), picture(1)), (picture(2), picture(2).roll(3, 1))]
    worst = max(abs(distance(net, ours, a, b) / peer_distance(theirs, a, b) - 1) for a, b in pairs)
    agree(f"lpips_{net}.lpips", worst)


def real_squeezenet(folder: Path) -> dict[str, Tensor]:
    found = torch.load(folder / "squeezenet1_1_features.pth", weights_only=True)
    assert isinstance(found, dict)
    return found


def test_it_prints_the_values_of_torchmetrics_manual(shared_weights: Path, agree: Agree) -> None:
    """The example of ``LearnedPerceptualImagePatchSimilarity``, whose pictures are not whole."""
    ours, generator = network("squeeze", real_squeezenet(shared_weights)), torch.Generator()
    generator.manual_seed(42)
    first, second = (torch.rand(2, 3, 100, 100, generator=generator) for _ in range(2))
    found = [
        distance("squeeze", ours, *(255 * x[index].permute(1, 2, 0) for x in (first, second)))
        for index in range(2)
    ]
    assert [round(each, 4) for each in found] == [0.1024, 0.0938]
    worst = max(abs(a / b - 1) for a, b in zip(found, (0.1024, 0.0938), strict=True))
    agree("lpips_squeeze.published", worst)


def test_it_is_the_package_s_with_the_real_weights_on_real_pictures(
    shared_weights: Path, shared_images: Path, agree: Agree
) -> None:
    state = real_squeezenet(shared_weights)
    published = torch.load(
        shared_weights / "lpips_lin_squeeze_v0.1.pth", weights_only=True, map_location="cpu"
    )
    assert all(torch.equal(head_state("squeeze")[name], published[name]) for name in published)
    trunk = random_trunk("squeeze")
    trunk.load_state_dict({name.removeprefix("features."): value for name, value in state.items()})
    ours, theirs = network("squeeze", state), lpips_network("squeeze", trunk)
    contents, styles = (
        [
            torch.from_numpy(decode(path, PicturePolicy()))
            for path in sorted((shared_images / kind).glob("*.jpg"))[:4]
        ]
        for kind in ("content", "style")
    )
    pairs = [*zip(contents, styles, strict=True), (contents[0], contents[0] // 2 + 64)]
    found = [(distance("squeeze", ours, a, b), peer_distance(theirs, a, b)) for a, b in pairs]
    worst = max(abs(mine / peer - 1) for mine, peer in found)
    agree("lpips_squeeze.lpips", worst)
    assert all(0.05 < mine < 1.2 for mine, _ in found)


def test_a_picture_is_at_no_distance_from_itself_and_order_plays_no_part() -> None:
    ours = network("squeeze", trunk_state(random_trunk("squeeze")))
    a, b = picture(5), picture(6)
    assert distance("squeeze", ours, a, a) == 0
    assert distance("squeeze", ours, a, b) == distance("squeeze", ours, b, a) > 0


def test_it_is_the_formula_written_out() -> None:
    random = np.random.default_rng(0)
    a, b = ([random.random((c, 4, 5)) for c in (3, 6)] for _ in range(2))
    heads = [random.random(c) for c in (3, 6)]
    expected = 0.0
    for x, y, w in zip(a, b, heads, strict=True):
        for row in range(4):
            for column in range(5):
                u, v = (z[:, row, column] / np.linalg.norm(z[:, row, column]) for z in (x, y))
                expected += (w * (u - v) ** 2).sum() / 20
    tensors = ([torch.from_numpy(each) for each in group] for group in (a, b, heads))
    assert lpips(*tensors) == pytest.approx(expected, rel=1e-9)


def test_places_without_activation_count_nothing() -> None:
    nothing = Stack((torch.zeros(2, 3, 3),), (torch.ones(2),))
    assert LpipsMeasure("x").value({"x": nothing}, {"x": nothing}) == 0
