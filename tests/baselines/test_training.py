"""The training loop: broken and resumed equals unbroken; what it leaves; how it refuses."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from baselines.registry import trained
from baselines.training.loop import train
from baselines.training.perceptual import PerceptualTask
from baselines.training.pictures import load_pictures
from baselines.training.weights import load_weights
from evaluator.datasets import Dataset
from evaluator.errors import ParticipantError
from tests.baselines.training import smoke
from tests.evaluator.tiny import tiny_dataset

METHOD = trained("johnson-all")
# Critics, pools, heads, batch norm, random penalties, counters; the others are like METHOD.
MORE_STATE = ("wgan-gp", "cyclegan", "fastcut", "dcgan", "stylegan2")
SETTINGS = replace(METHOD.presets["smoke"], steps=4, keep_every=1, log_every=1, grid_every=2)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"), contents=2, styles=2)


class Broken(Exception):
    """Somebody pulled the plug."""


def pulling_at(step: int) -> Callable[[int, int], None]:
    def pull(done: int, total: int) -> None:
        if done == step:
            raise Broken

    return pull


def broken_at(step: int, dataset: Dataset, folder: Path, name: str = "johnson-all") -> None:
    method = trained(name)
    settings = replace(method.presets["smoke"], steps=4, keep_every=1, log_every=1, grid_every=2)
    with pytest.raises(Broken):
        train(method, dataset, folder, settings=settings, tell=pulling_at(step))


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_resumed_training_equals_an_unbroken_one(dataset: Dataset, tmp_path: Path) -> None:
    whole = train(METHOD, dataset, tmp_path / "whole", settings=SETTINGS)
    broken_at(2, dataset, tmp_path / "broken")
    torch.manual_seed(999)  # whatever happened in between
    resumed = train(METHOD, dataset, tmp_path / "broken", settings=SETTINGS)
    (expected, _), (found, _) = load_weights(whole), load_weights(resumed)
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    assert lines(tmp_path / "broken") == lines(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE_STATE)
def test_methods_with_more_state_resume_to_the_same_result(
    name: str, dataset: Dataset, tmp_path: Path
) -> None:
    method = trained(name)
    settings = replace(method.presets["smoke"], steps=4, keep_every=1, log_every=1, grid_every=2)
    whole = train(method, dataset, tmp_path / "whole", settings=settings)
    broken_at(2, dataset, tmp_path / "broken", name)
    torch.manual_seed(999)
    resumed = train(method, dataset, tmp_path / "broken", settings=settings)
    (expected, _), (found, _) = load_weights(whole), load_weights(resumed)
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    assert lines(tmp_path / "broken") == lines(tmp_path / "whole")


def test_lines_after_the_last_checkpoint_are_written_once(dataset: Dataset, tmp_path: Path) -> None:
    broken_at(2, dataset, tmp_path)
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"step": 3, "loss": 1.0}\n')
    train(METHOD, dataset, tmp_path, settings=SETTINGS)
    assert [line["step"] for line in lines(tmp_path)] == [1, 2, 3, 4]


def test_a_training_leaves_grids_statistics_and_its_origin(
    dataset: Dataset, tmp_path: Path
) -> None:
    path = train(METHOD, dataset, tmp_path, settings=SETTINGS, preset="smoke")
    _, origin = load_weights(path)
    assert [p.name for p in sorted((tmp_path / "samples").iterdir())] == [
        "000002.png",
        "000004.png",
    ]
    assert all(math.isfinite(line["loss"]) for line in lines(tmp_path))
    assert (origin.method, origin.preset, origin.steps) == ("johnson-all", "smoke", 4)
    assert origin.styles == ("s0", "s1")
    assert "CPU thread" in origin.hardware


def test_a_spent_budget_ends_the_training(dataset: Dataset, tmp_path: Path) -> None:
    path = train(METHOD, dataset, tmp_path, settings=SETTINGS, minutes=1e-9)
    origin = load_weights(path)[1]
    assert origin.steps == 1
    assert origin.sentence().startswith("1 of 4 planned steps of 1 crop of 64²")


def test_the_budget_counts_the_monitor_too(dataset: Dataset, tmp_path: Path) -> None:
    class Watched(PerceptualTask):
        def monitor(self, draw: object) -> dict[str, float]:
            time.sleep(0.5)
            return {}

    student = trained("student")
    slow = replace(student, task=lambda made, settings, _, device: Watched(made, settings, device))
    settings = replace(student.presets["smoke"], steps=2, monitor_every=1, keep_every=1)
    with pytest.raises(Broken):
        train(slow, dataset, tmp_path, settings=settings, tell=pulling_at(1))
    path = train(slow, dataset, tmp_path, settings=settings, minutes=0.5 / 60)
    _, origin = load_weights(path)
    assert origin.steps == 1  # the checkpoint knows that the budget is spent
    assert origin.minutes >= 0.01


def test_the_rate_falls_over_the_last_part_of_the_steps(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []

    def heard(optimisers: dict[str, torch.optim.Optimizer], loss: torch.Tensor) -> None:
        rates.append(optimisers["network"].param_groups[0]["lr"])

    monkeypatch.setattr("baselines.training.perceptual.descend", heard)
    train(METHOD, dataset, tmp_path, settings=replace(SETTINGS, rate=1.0, decay=0.5))
    assert rates == [1.0, 1.0, 1.0, 0.5]


def test_the_first_steps_learn_from_the_first_features(dataset: Dataset, tmp_path: Path) -> None:
    def learnt(share: float) -> list[float]:
        """The loss at each step, of which the seeded features see the rest after ``share``."""
        changes = {"features": "seeded-vgg19-quarter", "steps": 4, "log_every": 1}
        if share:
            changes |= {"first_features": "compact-vgg", "first_share": share}
        folder = tmp_path / f"{share}"
        smoke("student", dataset, folder, **changes)
        return [line["content"] for line in lines(folder)]

    never, half, always = learnt(0), learnt(0.5), learnt(1)
    assert half[:2] == always[:2]
    assert half[2] != always[2]
    assert half[0] != never[0]


def test_first_features_must_be_named_where_they_have_a_share() -> None:
    with pytest.raises(ParticipantError, match="first_share needs first_features"):
        replace(SETTINGS, first_share=0.5)


def test_another_seed_gives_other_weights(dataset: Dataset, tmp_path: Path) -> None:
    one, other = (
        load_weights(smoke("johnson-all", dataset, tmp_path / str(seed), seed=seed, steps=1))[0]
        for seed in (1, 2)
    )
    assert any(not torch.equal(one[key], other[key]) for key in one)


def test_a_checkpoint_of_other_settings_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    train(METHOD, dataset, tmp_path, settings=SETTINGS)
    with pytest.raises(ParticipantError, match="other values of rate; remove that folder"):
        train(METHOD, dataset, tmp_path, settings=replace(SETTINGS, rate=0.5))


def test_a_diverged_training_ends_with_a_sentence(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ParticipantError, match="not finite; lower the rate"):
        train(METHOD, dataset, tmp_path, settings=replace(SETTINGS, rate=1e30))


def test_mixed_precision_trains_float32_weights(dataset: Dataset, tmp_path: Path) -> None:
    settings = replace(SETTINGS, precision="bfloat16", steps=1)
    state, _ = load_weights(train(METHOD, dataset, tmp_path, settings=settings))
    assert {value.dtype for value in state.values()} == {torch.float32}


def test_one_style_is_learnt_where_it_is_named(dataset: Dataset) -> None:
    assert load_pictures(dataset, replace(SETTINGS, style="s1")).styles == ("s1",)
    assert load_pictures(dataset, replace(SETTINGS, style="family-0")).styles == ("s0",)


def test_an_unknown_style_lists_the_known_ones(dataset: Dataset) -> None:
    with pytest.raises(ParticipantError, match="its styles are s0, s1"):
        load_pictures(dataset, replace(SETTINGS, style="candy"))


def test_batches_are_in_range_and_of_the_crops_size(dataset: Dataset) -> None:
    pictures = load_pictures(dataset, SETTINGS)
    torch.manual_seed(1)
    batch = pictures.draw(5, 48, torch.device("cpu"))
    assert batch.content.shape == batch.style.shape == (5, 3, 48, 48)
    assert float(batch.content.min()) >= 0
    assert float(batch.style.max()) <= 1
    assert set(batch.index.tolist()) <= {0, 1}
