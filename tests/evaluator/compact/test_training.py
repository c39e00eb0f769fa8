"""Training: the losses fall, an interrupted run ends where a whole one does, groups are seeded."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from evaluator.compact import training
from evaluator.compact.groups import GROUP, PAIRS, make_group
from evaluator.compact.sources import Sources
from evaluator.compact.stylisers import blend, linear_transport, patchwork
from evaluator.compact.targets import FINE
from evaluator.compact.tasks import LpipsTask
from evaluator.compact.training import Lesson, Settings, train

SETTINGS = Settings(steps=6, groups=1, rate=5e-3, seed=4)


@pytest.fixture(scope="module")
def sources() -> Sources:
    """Two smooth pictures and two rough ones."""
    rng = np.random.default_rng(5)
    smooth, rough = (
        tuple(
            np.kron(rng.integers(0, 256, (64 // s, 64 // s, 3)), np.ones((s * 5, s * 5, 1))).astype(
                np.uint8
            )
            for _ in range(2)
        )
        for s in (16, 2)
    )
    return Sources(smooth, rough)


@pytest.fixture(scope="module")
def groups(sources: Sources) -> NDArray[np.uint8]:
    stylisers = (linear_transport, patchwork)
    rngs = [np.random.default_rng([6, index]) for index in range(4)]
    return np.stack([make_group(sources, stylisers, rng) for rng in rngs])


@pytest.fixture
def targets(groups: NDArray[np.uint8], tmp_path: Path) -> list[Path]:
    """What a made-up LPIPS says: the difference of the pictures' tones, on its grid."""
    paths = []
    for index, group in enumerate(groups):
        tones = group[:, 64:192, 64:192].reshape(GROUP, FINE, 16, FINE, 16, 3) / 255
        grid = tones.mean(axis=(2, 4, 5))
        maps = np.stack([np.abs(grid[a] - grid[b]) for a, b in PAIRS]).astype(np.float16)
        paths.append(tmp_path / f"{index:04d}.npz")
        np.savez(paths[-1], lpips=maps)
    return paths


def run(
    groups: NDArray[np.uint8], targets: list[Path], folder: Path, settings: Settings
) -> dict[str, NDArray[np.float16]]:
    folder.mkdir(exist_ok=True)
    lesson = Lesson(groups, targets)
    return load_file(
        train("lpips", LpipsTask, lesson, folder, settings=settings, tell=lambda *_: None)
    )


@pytest.mark.slow
def test_the_loss_falls(
    groups: NDArray[np.uint8],
    targets: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "LOG_EVERY", 1)
    run(groups, targets, tmp_path / "a", replace(SETTINGS, steps=40))
    lines = (tmp_path / "a" / "lpips.jsonl").read_text("utf-8").splitlines()
    totals = [json.loads(line)["total"] for line in lines]
    assert len(totals) == 40
    assert np.mean(totals[-10:]) < 0.7 * np.mean(totals[:10])


def test_an_interrupted_training_ends_where_a_whole_one_does(
    groups: NDArray[np.uint8],
    targets: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = run(groups, targets, tmp_path / "whole", SETTINGS)
    monkeypatch.setattr(training, "KEEP_EVERY", 2)
    with pytest.raises(KeyboardInterrupt):
        train(
            "lpips",
            LpipsTask,
            Lesson(groups, targets),
            _folder(tmp_path / "cut"),
            settings=SETTINGS,
            tell=_interrupt_at(3),
        )
    resumed = run(groups, targets, tmp_path / "cut", SETTINGS)
    for name, values in whole.items():
        assert np.allclose(values, resumed[name], atol=1e-3), name


@pytest.mark.slow
def test_other_settings_begin_anew(
    groups: NDArray[np.uint8], targets: list[Path], tmp_path: Path
) -> None:
    run(groups, targets, tmp_path / "a", SETTINGS)
    other = replace(SETTINGS, seed=9)
    again, fresh = (run(groups, targets, tmp_path / name, other) for name in "ab")
    for name, values in fresh.items():
        assert np.allclose(values, again[name], atol=1e-3), name


def test_the_log_says_how_well_pictures_of_no_training_are_ordered(
    groups: NDArray[np.uint8], targets: list[Path], tmp_path: Path
) -> None:
    learned, check = Lesson(groups[:2], targets[:2]), Lesson(groups[2:], targets[2:])
    plan = {"settings": SETTINGS, "tell": lambda *_: None, "check": check}
    train("lpips", LpipsTask, learned, tmp_path, **plan)  # type: ignore[arg-type]
    (line,) = (tmp_path / "lpips.jsonl").read_text("utf-8").splitlines()
    assert -1 <= json.loads(line)["rho lpips"] <= 1


def test_groups_depend_on_their_seed_alone(sources: Sources) -> None:
    made = [
        make_group(sources, (linear_transport,), np.random.default_rng(seed)) for seed in (1, 1, 2)
    ]
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])


def test_linear_transport_gives_the_style_s_colours(sources: Sources) -> None:
    rng = np.random.default_rng(1)
    content = rng.integers(100, 150, (64, 64, 3), dtype=np.uint8)
    style = (rng.integers(0, 60, (64, 64, 1)) + np.array([20, 60, 120])).astype(np.uint8)
    moved = linear_transport(content, style)
    assert np.allclose(moved.mean((0, 1)), style.mean((0, 1)), atol=2)
    assert np.allclose(moved.std((0, 1)), style.std((0, 1)), rtol=0.15)


def test_patchwork_is_made_of_the_style_s_squares() -> None:
    rng = np.random.default_rng(2)
    style = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    squares = {style[y : y + 16, x : x + 16].tobytes() for y in (0, 16, 32, 48) for x in (0, 48)}
    squares |= {style[y : y + 16, x : x + 16].tobytes() for y in (0, 16, 32, 48) for x in (16, 32)}
    made = patchwork(blend(style, style[::-1], 0.4), style)
    assert {made[y : y + 16, x : x + 16].tobytes() for y in (0, 32) for x in (0, 16)} <= squares


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _interrupt_at(step: int) -> Callable[[int, int], None]:
    def tell(done: int, _total: int) -> None:
        if done == step:
            raise KeyboardInterrupt

    return tell
