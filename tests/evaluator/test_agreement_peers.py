"""Set metrics against the packages themselves: from folders of pictures to the number.

Every package reads the same seeded weights from one file. 64 dimensions and 70 pictures a side, so
that no covariance is singular and the packages' own Fréchet step can be trusted. clean-fid resizes
as ``clean_fid`` does at any size; torch-fidelity and torchmetrics resize in ways of their own, so
they are compared at 299², where nothing is left to resize.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from cleanfid import fid as cleanfid
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch_fidelity import calculate_metrics
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance
from torchmetrics.image.mifid import MemorizationInformedFrechetInceptionDistance

from evaluator.backbones.inception import Inception
from evaluator.backbones.inception_streams import pooled, resized_cleanly
from evaluator.backbones.loading import LoadedState, exact_arithmetic
from evaluator.frechet import frechet_distance
from evaluator.metrics.kid import kid, kid_subsets
from evaluator.metrics.memorisation import memorisation_distance, mifid
from evaluator.metrics.precision_recall import precision, recall
from tests.conftest import Agree
from tests.evaluator.backbones.peers import pytorch_fid_network, random_state
from tests.evaluator.tiny import waves

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # the packages' own
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

Pixels = NDArray[np.uint8]
Rows = NDArray[np.float32]

DIMS, COUNT, SUBSET = 64, 70, 50
CPU = torch.device("cpu")


class Rivals(NamedTuple):
    """Outputs and reference of one size, as folders and as our rows."""

    folders: tuple[Path, Path]
    rows: tuple[Rows, Rows]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(random_state(), path)
    return path


def pictures(folder: Path, seeds: range, side: int) -> Path:
    folder.mkdir()
    for seed in seeds:
        picture = Image.fromarray(waves(seed, fastest=10.0 + seed % 40, side=side))
        picture.save(folder / f"{seed:03}.png")
    return folder


def read(path: Path) -> Pixels:
    return np.array(Image.open(path).convert("RGB"), np.uint8)


def rivals(root: Path, side: int) -> tuple[Path, Path]:
    a = pictures(root / "a", range(COUNT), side)
    return a, pictures(root / "b", range(100, 100 + COUNT), side)


def rows_of(folders: tuple[Path, Path], see: Callable[[Pixels], Tensor]) -> tuple[Rows, Rows]:
    """float32 [N, 64] of each folder by what is seen of a picture."""
    with exact_arithmetic():
        a, b = (
            np.stack([see(read(path))[0].numpy() for path in sorted(folder.iterdir())])
            for folder in folders
        )
    return a, b


def cleanly(pixels: Pixels) -> Tensor:
    return pooled(inception(), resized_cleanly(pixels), dims=DIMS)


def plainly(pixels: Pixels) -> Tensor:
    return inception().features(torch.from_numpy(pixels)[None])


@cache
def inception() -> Inception:
    return Inception(LoadedState("seeded", random_state(), ""), dims=DIMS, device=CPU)


@pytest.fixture(scope="module")
def at_299(tmp_path_factory: pytest.TempPathFactory) -> Rivals:
    folders = rivals(tmp_path_factory.mktemp("at-299"), 299)
    return Rivals(folders, rows_of(folders, cleanly))


@pytest.fixture(scope="module")
def at_256(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return rivals(tmp_path_factory.mktemp("at-256"), 256)


def by_torch_fidelity(folders: tuple[Path, Path], weights: Path) -> dict[str, float]:
    found: dict[str, float] = calculate_metrics(
        input1=str(folders[0]),
        input2=str(folders[1]),
        cuda=False,
        batch_size=10,
        fid=True,
        kid=True,
        prc=True,
        kid_subsets=20,
        kid_subset_size=SUBSET,
        feature_extractor="inception-v3-compat",
        feature_layer_fid=str(DIMS),
        feature_layer_kid=str(DIMS),
        feature_layer_prc=str(DIMS),
        feature_extractor_weights_path=str(weights),
        save_cpu_ram=True,
        cache=False,
        verbose=False,
    )
    return found


def torchmetrics_fid(weights: Path) -> FrechetInceptionDistance:
    return FrechetInceptionDistance(feature=DIMS, feature_extractor_weights_path=str(weights))


def fed(metric: torch.nn.Module, folders: tuple[Path, Path]) -> torch.nn.Module:
    """A torchmetrics metric that has seen outputs and reference."""
    for folder, real in zip(folders, (False, True), strict=True):
        paths = sorted(folder.iterdir())
        for start in range(0, COUNT, 10):
            batch = [torch.from_numpy(read(path)) for path in paths[start : start + 10]]
            metric.update(torch.stack(batch).permute(0, 3, 1, 2), real=real)
    return metric


def apart(ours: float, theirs: float) -> float:
    return abs(ours / theirs - 1)


def test_fid_with_clean_resizing_is_clean_fid_s(at_256: tuple[Path, Path], agree: Agree) -> None:
    """Its own resizing, statistics and distance, on pytorch-fid's layers of the same weights."""
    (block,) = pytorch_fid_network(random_state(), DIMS).blocks

    def features(pixels: Tensor) -> Tensor:
        return block((pixels - 128) / 128).mean(dim=(2, 3))

    peer = cleanfid.compute_fid(
        *map(str, at_256),
        mode="clean",
        custom_feat_extractor=features,
        batch_size=10,
        num_workers=0,
        device=CPU,
        verbose=False,
    )
    agree("clean_fid.clean-fid", apart(frechet_distance(*rows_of(at_256, cleanly)), peer))


def test_fid_kid_precision_and_recall_are_torch_fidelity_s(
    at_299: Rivals, weights: Path, agree: Agree
) -> None:
    peer = by_torch_fidelity(at_299.folders, weights)
    rows = at_299.rows
    fid = frechet_distance(*rows)
    agree("clean_fid.torch-fidelity", apart(fid, peer["frechet_inception_distance"]))
    mean, _ = kid_subsets(*rows, subsets=20, size=SUBSET, seed=2020)
    agree("kid_subsets.torch-fidelity", apart(mean, peer["kernel_inception_distance_mean"]))
    assert 0 < precision(*rows, k=3) < 1
    agree("precision.torch-fidelity", apart(precision(*rows, k=3), peer["precision"]))
    agree("recall.torch-fidelity", apart(recall(*rows, k=3), peer["recall"]))


def test_fid_kid_and_mifid_are_torchmetrics(at_299: Rivals, weights: Path, agree: Agree) -> None:
    rows, first = at_299.rows, torchmetrics_fid(weights)
    fid = frechet_distance(*rows)
    agree("clean_fid.torchmetrics", apart(fid, float(fed(first, at_299.folders).compute())))
    informed = MemorizationInformedFrechetInceptionDistance(
        feature=first.inception, cosine_distance_eps=0.5
    )
    ours = mifid(fid, memorisation_distance(*rows[::-1]), threshold=0.5)  # from its side
    agree("mifid.torchmetrics", apart(ours, float(fed(informed, at_299.folders).compute())))
    other = KernelInceptionDistance(feature=first.inception, subsets=1, subset_size=COUNT)
    fed(other, at_299.folders).set_dtype(torch.float64)  # its features, no longer its float32 sums
    mean, _ = other.compute()
    agree("kid.torchmetrics", apart(kid(*rows), float(mean)))


def test_what_differs_at_256_pixels_is_how_pictures_are_resized_and_scaled(
    at_256: tuple[Path, Path], weights: Path, agree: Agree
) -> None:
    ours = frechet_distance(*rows_of(at_256, plainly))
    fidelity = by_torch_fidelity(at_256, weights)["frechet_inception_distance"]
    agree("fid.torch-fidelity.resized", apart(ours, fidelity))
    metrics = float(fed(torchmetrics_fid(weights), at_256).compute())
    agree("fid.torchmetrics.resized", apart(ours, metrics))
    assert apart(ours, fidelity) > 1e-4, "nothing is left to be explained"
    assert apart(ours, metrics) > 1e-4, "nothing is left to be explained"
