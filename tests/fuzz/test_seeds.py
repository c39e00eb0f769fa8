"""Every kept seed and every past finding goes through its target: refused in words, or accepted."""

import time
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow speaks of damaged EXIF
_INPUT_SECONDS = 10
SEEDS = [(name, seed) for name, target in TARGETS.items() for seed in target.seeds]


@pytest.mark.parametrize(("name", "seed"), SEEDS, ids=[f"{n}-{s.name}" for n, s in SEEDS])
def test_a_kept_input_is_met_without_a_crash_or_a_hang(name: str, seed: Path) -> None:
    begin = time.monotonic()

    TARGETS[name].feed(seed.read_bytes())

    assert time.monotonic() - begin < _INPUT_SECONDS


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_of_a_target_hold_good_and_bad_input(name: str) -> None:
    """Else the fuzzer would start at one side of the checks alone."""
    met = {TARGETS[name].feed(seed.read_bytes()) for seed in TARGETS[name].seeds}

    assert met == {True, False}
