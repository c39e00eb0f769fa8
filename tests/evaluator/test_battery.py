"""The battery: hostile entries on a host full of bait, beside a good one.

Each attack is tried twice: bare, where its oracle must see it work (the positive control), and in a
box, where it must not, and where nothing may be left nor the good entry disturbed.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from evaluator.entry import open_entry
from evaluator.errors import ParticipantError
from evaluator.sandbox import Box, Limits, cgroups
from evaluator.sandbox.channel import Channel
from evaluator.sandbox.rungs import best_rung
from tests.battery.oracles import ORACLES
from tests.battery.running import CASES, end_control, in_a_bare_process, in_a_box, oracle_of
from tests.battery.scene import Host, host
from tests.entries.making import model, save

X86_ONLY = {"system_calls", "abis", "namespaces", "memory_of_others"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _confined() -> None:
    if not best_rung("python").rung.has_own_root:
        pytest.skip("entries cannot be confined on this machine")


@pytest.fixture(scope="module")
def scene() -> Iterator[Host]:
    os.environ["BATTERY"] = "set below"
    with host() as made:
        os.environ["BATTERY"] = made.secret  # the judge's own environment
        yield made
    del os.environ["BATTERY"]


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], bool]]:
    """A good entry in a box of its own beside all the others: whether its result is as alone."""
    folder = tmp_path_factory.mktemp("neighbour")
    good = open_entry(save(model(), folder), folder / "entry")
    picture = np.random.default_rng(5).integers(0, 256, (1, 96, 96, 3), dtype=np.uint8)
    with Box(good) as alone:
        expected = alone.stylize(picture, picture).pixels
    with Box(good, limits=Limits(wall_seconds=3600)) as box:
        yield lambda: bool((box.stylize(picture, picture).pixels == expected).all())


@pytest.fixture
def own_temporary() -> Iterator[Path]:
    """A temporary folder that nobody else uses, and that every uid gets through to."""
    with tempfile.TemporaryDirectory(prefix="battery-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def leftovers() -> set[str]:
    """What boxes leave on the host: processes, groups, mounts and folders."""
    children = {f"process {p.pid}" for p in psutil.Process().children(recursive=True)}
    own = cgroups._own_groups(cgroups.OWN_GROUPS)
    bases = [cgroups.CGROUP_ROOT / name / path.strip("/") for name, path in own.items()]
    bases += [cgroups.CGROUP_ROOT, *cgroups.CGROUP_ROOT.iterdir()]
    groups = {str(p) for base in bases for p in base.glob(f"stylearena-{os.getpid()}-*")}
    mounts = set(Path("/proc/self/mountinfo").read_text().splitlines())
    return children | groups | mounts | {str(p) for p in Path(tempfile.gettempdir()).iterdir()}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_an_attack_works_bare_and_fails_in_a_box(
    case: Path,
    scene: Host,
    neighbour: Callable[[], bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own_temporary: Path,
) -> None:
    if case.parent.name in X86_ONLY and os.uname().machine != "x86_64":
        pytest.skip("its numbers are those of x86-64")
    works = ORACLES[oracle_of(case)]
    monkeypatch.setattr(tempfile, "tempdir", str(own_temporary))

    bare = in_a_bare_process(case, scene, tmp_path / "bare")
    assert works(scene, bare), f"the oracle is blind: {bare.text[-500:]}"
    end_control(scene)

    before = leftovers()
    boxed = in_a_box(case, scene, tmp_path)
    assert not works(scene, boxed), boxed.text[-500:]
    assert boxed.code.startswith("entry.")
    assert leftovers() == before
    assert not scene.survivors()
    assert neighbour()


def test_the_battery_is_large() -> None:
    assert len(CASES) >= 60


# ---- frames: what the judge reads from a box

FORGER = """
import os, stat, struct

def pipes():
    for number in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                yield number
        except OSError:
            pass

def load(device):
    answer = struct.pack("<4sBBHIIIQ", b"SAFR", 1, 5, 0, 1, 8, 8, 192) + bytes([7]) * 192
    def stylize(content, style):
        for number in pipes():
            try:
                os.write(number, answer)
            except OSError:
                pass
        return content
    return stylize
"""


def forger(folder: Path) -> Box:
    from tests.evaluator.test_sandbox import python_entry

    return Box(python_entry(folder, FORGER))


def ask(box: Box) -> list[int]:
    """The first value of each of two answers."""
    picture = np.zeros((1, 8, 8, 3), np.uint8)
    return [int(box.stylize(picture, picture).pixels.flat[0]) for _ in range(2)]


def ask_to_the_end(box: Box) -> None:
    ask(box)
    box.finish()


def test_an_answer_before_the_question_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError) as caught, forger(tmp_path) as box:
        ask_to_the_end(box)

    assert caught.value.code == "entry.bad_frame"


def test_a_good_entry_has_nothing_more_to_say_at_the_end(tmp_path: Path) -> None:
    from tests.evaluator.test_sandbox import python_entry

    good = python_entry(tmp_path, "def load(device):\n    return lambda c, s: c\n")
    with Box(good) as box:
        assert ask(box) == [0, 0]
        box.finish()


def test_without_the_check_the_forged_answer_would_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Channel, "is_silent", lambda _: True)

    with forger(tmp_path) as box:
        assert ask(box) == [7, 0]  # the second answer is the first's true one, come too late
