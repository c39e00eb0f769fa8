"""A worker's device: what it was told, or the first GPU that nobody holds, and what fits on it.

The GPUs are facts about a machine, which a test must be able to make up; the rest is real.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from evaluator.errors import PlatformFault
from stylearena.judging import devices, services, work
from stylearena.judging.devices import Device, choose
from stylearena.judging.models import Lane, Stage
from stylearena.submissions.models import State
from tests.web.judging_rows import begun, shards_of

SMALL, LARGE = (Device(f"cuda:{n}", f"GPU {n}", gib << 30) for n, gib in ((0, 4), (1, 80)))
HOLD = """
import fcntl, sys
file = open(sys.argv[1], "ab")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with a small and a large GPU; the folder of their locks."""
    monkeypatch.setattr(devices, "_gpus", lambda: [SMALL, LARGE])
    monkeypatch.setattr(devices.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(devices, "_held", [])
    return tmp_path


def test_the_processor_is_named_with_its_memory() -> None:
    device = choose("cpu")
    assert (device.name, device.is_gpu) == ("cpu", False)
    assert device.memory_bytes > 1 << 28


def test_without_a_gpu_auto_means_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_gpus", list)
    assert choose("auto").name == "cpu"


def test_a_named_gpu_is_taken(two_gpus: Path) -> None:
    assert choose("cuda:1") == LARGE
    assert choose("cuda") == SMALL


def test_an_absent_device_is_refused_with_those_that_are_there(two_gpus: Path) -> None:
    with pytest.raises(PlatformFault, match="set one of auto, cpu, cuda:0, cuda:1"):
        choose("cuda:2")


def test_auto_leaves_a_gpu_to_the_process_that_holds_it(two_gpus: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(two_gpus / "stylearena-cuda-0.lock")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert choose("auto") == LARGE
        other.communicate("")
    for lock in devices._held:
        lock.close()


def test_a_gpu_has_room_beside_the_scorer_and_the_processor_has_no_bound() -> None:
    assert (SMALL.room, Device("cpu", "", 1 << 30).room) == (2 << 30, None)


@pytest.mark.django_db
def test_a_shard_too_large_for_the_gpu_is_left_to_a_larger_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(work, "this_device", lambda: SMALL)
    monkeypatch.setattr(work, "_require_healthy_device", lambda: None)
    (shard,) = shards_of(begun(), Stage.SMOKE)

    assert not work.judge(Lane.SMOKE)
    shard.refresh_from_db()
    assert (shard.state, shard.token, shard.faults) == (State.QUEUED, 0, 0)
    assert services.claim_next((Lane.SMOKE,), worker="large", room=LARGE.room) is not None


@pytest.mark.django_db
def test_what_fits_is_taken_from_behind_what_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    large, small = begun(), begun()
    type(small.phase).objects.filter(pk=small.phase_id).update(memory_bytes=SMALL.room)

    lease = services.claim_next((Lane.SMOKE,), worker="small", room=SMALL.room)
    assert lease is not None
    assert lease.submission_id == small.pk
    assert large.phase.memory_bytes > (SMALL.room or 0)
