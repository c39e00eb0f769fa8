"""Ctrl-C while a training runs: the step is ended and kept; a second one is not waited for."""

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from baselines.__main__ import app
from baselines.registry import trained
from baselines.training.interrupts import patient
from baselines.training.loop import train
from baselines.training.perceptual import PerceptualTask
from baselines.training.pictures import Batch
from baselines.training.task import Trained
from baselines.training.weights import load_weights
from evaluator.datasets import Dataset
from tests.evaluator.tiny import tiny_dataset

METHOD = trained("student")
SETTINGS = replace(METHOD.presets["smoke"], steps=3, log_every=1, keep_every=0)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"), contents=2, styles=2)


@pytest.fixture(autouse=True)
def _listening() -> Iterator[None]:
    """As in a terminal; a job in the background would ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pressing(times: int) -> Trained:
    """A method in the midst of whose second step Ctrl-C is pressed so many times."""

    class Pressing(PerceptualTask):
        steps = 0

        def learn(self, network: torch.nn.Module, batch: Batch) -> Tensor:
            self.steps += 1
            for _ in range(times if self.steps == 2 else 0):
                signal.raise_signal(signal.SIGINT)
            return super().learn(network, batch)

    return replace(METHOD, task=lambda made, settings, _, device: Pressing(made, settings, device))


def test_an_interrupted_training_loses_nothing(dataset: Dataset, tmp_path: Path) -> None:
    whole = train(METHOD, dataset, tmp_path / "whole", settings=SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        train(pressing(1), dataset, tmp_path / "broken", settings=SETTINGS)
    told: list[int] = []
    resumed = train(
        METHOD,
        dataset,
        tmp_path / "broken",
        settings=SETTINGS,
        tell=lambda done, _: told.append(done),
    )
    (expected, _), (found, _) = load_weights(whole), load_weights(resumed)
    assert told == [3]
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    logs = [(tmp_path / name / "log.jsonl").read_text() for name in ("whole", "broken")]
    assert logs[0] == logs[1]


def test_a_second_interrupt_keeps_no_half_step(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(pressing(2), dataset, tmp_path, settings=SETTINGS)
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_the_command_says_what_becomes_of_the_training(
    dataset: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("baselines.workflow.trained", lambda _: pressing(1))
    options = ["--preset", "smoke", "--dataset", str(dataset.root), "--runs", str(tmp_path)]
    done = CliRunner().invoke(app, ["train", "student", *options])
    assert done.exit_code == 130
    assert "ending the step; Ctrl-C again stops at once\n" in capfd.readouterr().err
    assert f"kept 2 steps in {tmp_path}/student; the same command goes on\n" in done.stderr


def test_ctrl_c_is_given_back() -> None:
    with patient() as interrupted:
        signal.raise_signal(signal.SIGINT)
        assert interrupted()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_stays_with_a_host_that_handles_it() -> None:
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    with patient() as interrupted:
        signal.raise_signal(signal.SIGINT)
        assert not interrupted()
    assert heard == [signal.SIGINT]
