"""What CompactInception learns: losses that fall to nothing, rows on main axes, FID's order."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from evaluator.backbones.loading import LoadedState, exact_arithmetic
from evaluator.compact import inception_task, teachers
from evaluator.compact.inception_network import BLOCKS, FID_DIMS, FID_SIDE, CompactInception
from evaluator.compact.inception_task import USUAL_WEIGHT, WEIGHTS, InceptionTask
from evaluator.compact.storing import unpacked
from evaluator.compact.tasks import Batch
from evaluator.compact.teachers import BLOCK_CHANNELS, INCEPTION_DIMS
from evaluator.compact.training import Lesson, Settings, train
from tests.evaluator.backbones.peers import random_state

SETS, SET = 24, 4
CPU = torch.device("cpu")
SIDES = {"pool_2": 23, "mixed_5d": 23, **{f"mixed_6{letter}": 11 for letter in "abcde"}}


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    """Plain quarters, those of a set of tones alike."""
    rng = np.random.default_rng(3)
    tones = rng.integers(30, 226, (SETS, 1, 1, 1, 3)) + rng.integers(-30, 30, (SETS, SET, 2, 2, 3))
    return np.kron(tones, np.ones((1, 1, 16, 16, 1))).astype(np.uint8)


def teacher(shown: Tensor) -> list[Tensor]:
    """A made-up one: channels are waves over a place's tones, from slow to fast."""
    tones = F.adaptive_avg_pool2d(shown.permute(0, 3, 1, 2) / 255, 4)
    generator = torch.Generator().manual_seed(4)
    mix = torch.randn(3, INCEPTION_DIMS, generator=generator)
    mix = mix * torch.linspace(0.1, 3, INCEPTION_DIMS)
    waves = torch.einsum("nchw,ck->nkhw", tones, mix).sin()
    return [
        F.interpolate(waves[:, :channels], (SIDES[name], SIDES[name]))
        for name, channels in BLOCK_CHANNELS.items()
    ]


def as_they_are(unit: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.array(unit)).float()


@pytest.fixture
def task(pictures: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> InceptionTask:
    monkeypatch.setattr(inception_task, "augmented", as_they_are)
    torch.manual_seed(1)
    task = InceptionTask(teacher)
    task.start(pictures, ())
    return task


def answers(task: InceptionTask, monkeypatch: pytest.MonkeyPatch, said: dict[str, Tensor]) -> None:
    """Let the network say this of whatever it is shown."""
    pooled = said["pooled"].flatten(1)
    monkeypatch.setattr(task.network, "forward", lambda _pictures, **_: (said, pooled))


def test_what_the_teacher_says_loses_nothing(
    task: InceptionTask, pictures: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = task._said(as_they_are(pictures).flatten(0, 1))
    answers(task, monkeypatch, {k: x - task._means[k][:, None, None] for k, x in said.items()})
    losses = task.losses(task.ready(Batch(pictures, {}, 0.9)))
    assert set(losses) == {*BLOCKS, "pooled", "means", "distances", "products"}
    assert all(float(x) == pytest.approx(0, abs=1e-4) for x in losses.values())


def test_saying_the_same_of_all_pictures_loses_everything(
    task: InceptionTask, pictures: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = task._said(as_they_are(pictures).flatten(0, 1))
    answers(task, monkeypatch, {name: torch.zeros_like(x) for name, x in said.items()})
    losses = {
        name: float(loss) / WEIGHTS.get(name, USUAL_WEIGHT)
        for name, loss in task.losses(task.ready(Batch(pictures, {}, 0.9))).items()
    }
    for name in (*BLOCKS, "pooled", "products"):
        assert losses[name] == pytest.approx(1, rel=0.03), name
    assert losses["distances"] > 0.5


def test_rows_vary_on_each_axis_as_the_teacher_does_there(
    task: InceptionTask, pictures: NDArray[np.uint8]
) -> None:
    with torch.no_grad():
        task.network.pooled.weight[::2] *= 0.1  # unsure of half of the features
    network = CompactInception()
    network.load_state_dict(unpacked(task.finished()))
    shown = torch.from_numpy(pictures).flatten(0, 1)
    with torch.inference_mode():
        rows = network(shown)
        _, pooled = task.network(shown)
    assert rows.shape == (SETS * SET, FID_DIMS)
    wanted = torch.cat([teacher(as_they_are(each))[-1].mean(dim=(2, 3)) for each in pictures])
    axes = torch.linalg.eigh(torch.cov(pooled.double().T)).eigenvectors[:, -8:]
    theirs = (wanted.double() @ axes).std(0)
    assert torch.allclose(rows[:, -8:].double().std(0), theirs, rtol=0.05)
    assert (rows.std(0) < 10).all()  # of axes on which these few pictures do not differ


def test_an_error_that_all_pictures_of_a_set_share_counts_twice(
    task: InceptionTask, pictures: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = task._said(as_they_are(pictures).flatten(0, 1))
    truth = {k: x - task._means[k][:, None, None] for k, x in said.items()}
    signs = torch.tensor([1.0, -1.0]).repeat(SETS * SET // 2)[:, None, None, None]
    found = []
    for sign in (torch.ones_like(signs), signs):
        shifted = truth | {"pooled": truth["pooled"] + 0.1 * sign}
        answers(task, monkeypatch, shifted)
        found.append(task.losses(task.ready(Batch(pictures, {}, 0.9))))
    shared, mixed = found
    assert float(shared["pooled"]) == pytest.approx(float(mixed["pooled"]), rel=1e-3)
    assert float(shared["means"]) == pytest.approx(float(shared["pooled"]) / 2, rel=1e-3)
    assert float(mixed["means"]) == pytest.approx(0, abs=1e-6)


@pytest.mark.slow
def test_a_training_finds_how_far_pictures_are_apart(
    pictures: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inception_task, "augmented", as_they_are)
    wanted = torch.stack([teacher(as_they_are(each))[-1].mean(dim=(2, 3)) for each in pictures])
    paths = [tmp_path / f"{index:02d}.npz" for index in range(20, SETS)]
    for path, pooled in zip(paths, wanted[20:], strict=True):
        np.savez(path, pooled=pooled.numpy())
    settings = Settings(steps=60, groups=4, rate=5e-3, average=0.9, fall=0.5, muon=True, seed=2)
    path = train(
        "inception",
        lambda: InceptionTask(teacher),
        Lesson(pictures[:20], ()),
        tmp_path,
        settings=settings,
        tell=lambda *_: None,
        check=Lesson(pictures[20:], paths),
    )
    network = CompactInception()
    network.load_state_dict(unpacked(load_file(path)))
    with torch.inference_mode():
        rows = network(torch.from_numpy(pictures[:20]).flatten(0, 1))
    ours, theirs = torch.pdist(rows), torch.pdist(wanted[:20].flatten(0, 1))
    assert float(torch.corrcoef(torch.stack([ours, theirs]))[0, 1]) > 0.7
    assert 0.6 < float((ours / theirs).median()) < 1.3
    assert "rho fid" in (tmp_path / "inception.jsonl").read_text("utf-8")


def test_stages_hear_as_much_as_they_should_of_what_comes_after(
    pictures: NDArray[np.uint8],
) -> None:
    network, shown = CompactInception(), as_they_are(pictures[0])
    found = {}
    for heard in (1.0, 0.25, 0.0):
        network.zero_grad()
        torch.autograd.backward(network.blocks(shown, heard=heard)[-1].square().mean())
        weight = network.stages["mixed_6d"][0].narrow.weight
        found[heard] = weight.grad.clone()
    assert torch.allclose(found[0.25], 0.25 * found[1.0], rtol=1e-3, atol=1e-7)
    assert found[1.0].abs().max() > 0
    assert found[0.0].abs().max() == 0


def test_the_pooled_features_ask_nothing_of_the_network_at_first(
    task: InceptionTask, pictures: NDArray[np.uint8]
) -> None:
    for together in (False, True):
        task.network.zero_grad()
        _, pooled = task.network(as_they_are(pictures[0]), together=together)
        torch.autograd.backward(pooled.square().mean())
        assert task.network.pooled.weight.grad is not None
        assert any(p.grad is not None for p in task.trunk.parameters()) is together


def test_the_network_lies_as_its_teacher_does(pictures: NDArray[np.uint8]) -> None:
    with torch.inference_mode():
        maps = CompactInception().blocks(torch.from_numpy(pictures[0]))
    assert [tuple(x.shape[1:]) for x in maps] == [
        (channels, SIDES[name], SIDES[name]) for name, channels in BLOCKS.items()
    ]


def test_means_and_distances_count_when_all_learn_together(
    task: InceptionTask, pictures: NDArray[np.uint8]
) -> None:
    begun, settled = (task.losses(task.ready(Batch(pictures[:1], {}, x))) for x in (0.0, 0.8))
    assert set(settled) - set(begun) == {"means", "distances", "products"}


def test_checks_are_perfect_for_a_network_that_says_what_the_teacher_says(
    task: InceptionTask, pictures: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    pooled = [teacher(as_they_are(each))[-1].mean(dim=(2, 3)) for each in pictures[:6]]
    batches = [Batch(each[None], {"pooled": x[None]}) for each, x in zip(pictures, pooled)]  # noqa: B905
    said = list(pooled)
    monkeypatch.setattr(task, "_deep", lambda _pictures: said.pop(0))
    monkeypatch.setattr(task, "_head", lambda **_: (torch.eye(INCEPTION_DIMS), torch.zeros(1)))
    assert task.checked(batches) == {"rho fid": 1.0, "rho distances": 1.0}


def test_the_teacher_tells_of_each_block_and_ends_with_what_fid_reads() -> None:
    state = LoadedState("random", random_state(), "")
    network = teachers._Telling(state, dims=INCEPTION_DIMS, device=CPU)
    x = torch.rand(2, 3, FID_SIDE, FID_SIDE) * 2 - 1
    with exact_arithmetic():
        told = network.told(x)
        row = network.of_resized(x)
    assert [each.shape[1] for each in told] == list(BLOCK_CHANNELS.values())
    assert list(BLOCK_CHANNELS) == list(BLOCKS)
    assert [each.shape[2] for each in told] == list(SIDES.values())
    assert torch.allclose(told[-1].mean(dim=(2, 3)), row, atol=1e-5)
