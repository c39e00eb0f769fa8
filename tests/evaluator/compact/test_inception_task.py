"""What CompactInception learns: losses that fall to nothing, rows at their scale, FID's order."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from evaluator.compact import inception_task
from evaluator.compact.inception_task import GRID_AXES, WEIGHTS, InceptionTask
from evaluator.compact.networks import FID_DIMS, CompactInception
from evaluator.compact.targets import COARSE
from evaluator.compact.tasks import Batch
from evaluator.compact.training import Lesson, Settings, train

TEACHER = 768
SETS, SET = 24, 4


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    """Plain quarters, those of a set of tones alike."""
    rng = np.random.default_rng(3)
    tones = rng.integers(30, 226, (SETS, 1, 1, 1, 3)) + rng.integers(-30, 30, (SETS, SET, 2, 2, 3))
    return np.kron(tones, np.ones((1, 1, 16, 16, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def targets(pictures: NDArray[np.uint8]) -> list[dict[str, Tensor]]:
    """A made-up teacher: channels are waves over a place's tones, from slow to fast."""
    mix = torch.from_numpy(np.random.default_rng(4).normal(size=(3, TEACHER))).float()
    mix *= torch.linspace(0.1, 3, TEACHER)
    found = []
    for each in pictures:
        places = torch.from_numpy(each).float().reshape(SET, COARSE, 8, COARSE, 8, 3)
        grid = torch.einsum("nhwc,ck->nkhw", places.mean(dim=(2, 4)) / 255, mix).sin()
        found.append({"pooled": grid.mean(dim=(2, 3)), "grid": grid.half()})
    return found


@pytest.fixture
def task(pictures: NDArray[np.uint8], targets: list[dict[str, Tensor]]) -> InceptionTask:
    torch.manual_seed(1)
    task = InceptionTask()
    task.start(pictures, targets)
    return task


def batch(
    pictures: NDArray[np.uint8], targets: list[dict[str, Tensor]], chosen: list[int]
) -> Batch:
    stacked = {key: torch.stack([targets[i][key] for i in chosen]) for key in InceptionTask.keys}
    return Batch(pictures[chosen], stacked)


def answers(
    task: InceptionTask, monkeypatch: pytest.MonkeyPatch, rows: Tensor, maps: Tensor
) -> None:
    """Let the network say this of whatever it is shown, and show it pictures as they are."""
    monkeypatch.setattr(inception_task, "_mirrored", lambda pictures, grid: (pictures, grid))
    monkeypatch.setattr(task.network, "forward", lambda _pictures: (rows, maps))


def test_what_the_teacher_says_about_any_axes_loses_nothing(
    task: InceptionTask,
    pictures: NDArray[np.uint8],
    targets: list[dict[str, Tensor]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every = batch(pictures, targets, list(range(SETS)))
    pooled, grid = (every.targets[key].flatten(0, 1).float() for key in task.keys)
    turn = torch.linalg.qr(torch.randn(TEACHER, TEACHER)).Q
    moved = (grid - task._centre[:, None, None]).flatten(2)
    maps = torch.einsum("ncp,ck->nkp", moved, task._axes) / task._deviations[:, None]
    maps = maps.unflatten(2, (COARSE, COARSE))
    answers(task, monkeypatch, (pooled @ turn + 3) / task._usual, maps)
    losses = task.losses(every)
    assert set(losses) == {"distances", "products", "means", "grid"}
    assert all(float(x) == pytest.approx(0, abs=1e-3) for x in losses.values())


def test_saying_the_same_of_all_pictures_loses_everything(
    task: InceptionTask,
    pictures: NDArray[np.uint8],
    targets: list[dict[str, Tensor]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every = batch(pictures, targets, list(range(SETS)))
    answers(task, monkeypatch, torch.zeros(SETS * SET, 5), torch.zeros(SETS * SET, GRID_AXES, 4, 4))
    losses = {name: float(loss) / WEIGHTS[name] for name, loss in task.losses(every).items()}
    assert losses["products"] == pytest.approx(1)
    assert losses["grid"] == pytest.approx(1, rel=0.01)
    assert losses["distances"] > 0.5
    assert losses["means"] > 0.5


def test_what_is_said_of_places_is_mirrored_with_the_picture() -> None:
    torch.manual_seed(5)
    pictures = torch.arange(8 * 2 * 4 * 3).reshape(8, 2, 4, 3)
    grid = pictures.permute(0, 3, 1, 2)
    found, said = inception_task._mirrored(pictures, grid)
    assert torch.equal(said, found.permute(0, 3, 1, 2))
    mirrored = [torch.equal(a, b.flip(1)) for a, b in zip(found, pictures, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(found, pictures, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert any(mirrored)
    assert any(kept)


@pytest.mark.slow
def test_a_training_finds_how_far_pictures_are_apart(
    pictures: NDArray[np.uint8], targets: list[dict[str, Tensor]], tmp_path: Path
) -> None:
    paths = [tmp_path / f"{index:02d}.npz" for index in range(SETS)]
    for path, each in zip(paths, targets, strict=True):
        np.savez(path, **{key: value.numpy() for key, value in each.items()})
    lesson, check = Lesson(pictures[:20], paths[:20]), Lesson(pictures[20:], paths[20:])
    settings = Settings(steps=60, groups=4, rate=2e-3, average=0.9, seed=2)
    path = train(
        *("inception", lesson, tmp_path), settings=settings, tell=lambda *_: None, check=check
    )
    network = CompactInception()
    network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    with torch.inference_mode():
        rows = network(torch.from_numpy(pictures[:20]).flatten(0, 1))
    assert rows.shape == (20 * SET, FID_DIMS)
    wanted = torch.cat([each["pooled"] for each in targets[:20]])
    ours, theirs = torch.pdist(rows), torch.pdist(wanted)
    assert float(torch.corrcoef(torch.stack([ours, theirs]))[0, 1]) > 0.7
    assert 0.7 < float((ours / theirs).median()) < 1.3
    assert "rho fid" in (tmp_path / "inception.jsonl").read_text("utf-8")


def test_checks_are_perfect_for_a_network_that_says_what_the_teacher_says(
    task: InceptionTask,
    pictures: NDArray[np.uint8],
    targets: list[dict[str, Tensor]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches = [batch(pictures, targets, [index]) for index in range(6)]
    said = [each.targets["pooled"][0] for each in batches]
    monkeypatch.setattr(task.trunk, "forward", lambda _pictures: said.pop(0))
    assert task.checked(batches) == {"rho fid": 1.0, "rho distances": 1.0}
