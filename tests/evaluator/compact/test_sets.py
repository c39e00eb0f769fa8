"""Sets of training pictures, of one method each, and pictures kept for checks."""

from pathlib import Path

import numpy as np
import pytest

from evaluator.compact import sets
from evaluator.compact.heldout import STRENGTHS
from evaluator.compact.sets import (
    CHECKED,
    KINDS,
    SET,
    Units,
    keep_checks,
    keep_sets,
    make_checks,
    make_set,
)
from evaluator.compact.sources import SIDE, Sources, distinct, parted
from tests.evaluator.compact.networks import network_entry

PLAIN = [np.full((300, 300, 3), tone, np.uint8) for tone in range(0, 240, 20)]
GRAIN = [
    np.random.default_rng(seed).integers(0, 256, (300, 300, 3), dtype=np.uint8) for seed in (1, 2)
]
SOURCES = Sources((GRAIN[0],), (GRAIN[1],) * 3)


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("entries")
    return [network_entry(folder / f"{seed}.zip", seed) for seed in (1, 2)]


def test_every_sixth_picture_is_kept_for_checks() -> None:
    learned, checked = parted(Sources(tuple(PLAIN), (*PLAIN[:7] * 2, *PLAIN[7:])))
    assert len(learned.contents) == 10
    assert len(checked.contents) == 2
    assert {x[0, 0, 0] for x in checked.styles} == {0, 120}
    assert not {id(x) for x in learned.styles} & {id(x) for x in checked.styles}
    assert len(distinct(learned.styles)) == 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_can_be_of_every_kind(
    kind: str, entries: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "KINDS", {kind: 1.0})
    one, same, other = (
        make_set(SOURCES, entries, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one.shape == (SET, SIDE, SIDE, 3)
    assert one.dtype == np.uint8
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_units_are_the_sets_and_then_what_groups_begin_with() -> None:
    numbered = np.arange(5 * 6, dtype=np.uint8).reshape(5, 6, 1, 1, 1)
    units = Units(numbered[:2, :SET], numbered[2:])
    assert len(units) == 5
    assert [units[i].ravel().tolist() for i in range(5)] == numbered[:, :SET, 0, 0, 0].tolist()


def test_shuffled_squares_are_the_style_s(
    entries: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "KINDS", {"shuffled": 1.0})
    monkeypatch.setattr(sets, "FULL", 1.0)
    tones = np.kron(np.arange(16, dtype=np.uint8).reshape(4, 4, 1) * 16, np.ones((64, 64, 3)))
    whole = tones.astype(np.uint8)
    monkeypatch.setattr(sets, "random_crop", lambda picture, _rng: picture)
    found = make_set(Sources((whole,), (whole,)), entries, np.random.default_rng(3))
    for picture in found:
        assert np.array_equal(np.sort(picture.ravel()), np.sort(whole.ravel()))
    assert not all(np.array_equal(picture, whole) for picture in found)


def test_sets_are_made_once(entries: list[Path], tmp_path: Path) -> None:
    made = keep_sets(
        *(tmp_path / "sets.npy", SOURCES, entries), count=3, seed=1, tell=lambda *_: None
    )
    assert made.shape == (3, SET, SIDE, SIDE, 3)
    kept = keep_sets(*(tmp_path / "sets.npy", SOURCES, []), count=3, seed=1, tell=lambda *_: None)
    assert np.array_equal(made, kept)


def test_checks_are_of_entries_and_of_networks_with_changed_weights(
    entries: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sets, "VARIED_CHECKS", 2)
    made = keep_checks(
        *(tmp_path / "checks.npy", SOURCES, entries, entries[:1]), seed=1, tell=lambda *_: None
    )
    assert made.shape == (3 * len(STRENGTHS) + 1, CHECKED, SIDE, SIDE, 3)
    full = made[len(STRENGTHS) - 1 : -1 : len(STRENGTHS), 0]
    assert len({picture.tobytes() for picture in full}) == 3


def test_checks_are_of_one_method_at_one_strength_and_the_paintings_last() -> None:
    sources = Sources((PLAIN[0],), (PLAIN[5],) * 3)
    found = make_checks(sources, [lambda _c, style: style], seed=1, tell=lambda *_: None)
    assert found.shape == (len(STRENGTHS) + 1, CHECKED, SIDE, SIDE, 3)
    assert all(each.min() == each.max() for each in found)
    tones = [int(each.max()) for each in found]
    assert tones == [*(round(100 * strength) for strength in STRENGTHS), 100]
