"""The box as its callers use it, with real entries in the best confinement of this machine."""

import os
import secrets
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import psutil
import pytest

from evaluator.entry import Entry, open_entry
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.sandbox import Box, Limits, cgroups, confined, frames, runner
from evaluator.sandbox.confined import Rung
from evaluator.sandbox.frames import Kind, MalformedFrameError, pack_header, unpack_header
from evaluator.sandbox.log import LogDrain
from tests.entries.making import model, save
from tests.evaluator.rungs_here import needs

MIB = 1 << 20
SMALL = Limits(memory_bytes=512 * MIB, start_seconds=45, pair_seconds=20, scratch_bytes=16 * MIB)


@pytest.fixture
def identity(tmp_path: Path) -> Entry:
    return open_entry(save(model(), tmp_path), tmp_path / "identity")


def python_entry(folder: Path, source: str) -> Entry:
    path = folder / "python.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("entry.toml", 'name = "x"\nruntime = "python"\nentry = "stylize:load"\n')
        made.writestr("stylize.py", source)
    return open_entry(path, folder / f"python-{secrets.token_hex(4)}")


def picture(height: int = 32, width: int = 48, n: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, height, width, 3), dtype=np.uint8)


def named(comm: str) -> Iterator[int]:
    for process in psutil.process_iter():
        try:
            if process.name() == comm and process.status() != psutil.STATUS_ZOMBIE:
                yield process.pid
        except psutil.Error:
            continue


# ---- frames


def test_the_runner_repeats_the_layout_of_the_frames() -> None:
    assert (runner.HEADER.format, runner.MAGIC, runner.VERSION, runner.MAX_MESSAGE_BYTES) == (
        frames.HEADER.format,
        frames.MAGIC,
        frames.VERSION,
        frames.MAX_MESSAGE_BYTES,
    )
    assert all(getattr(runner, kind.name) == kind for kind in Kind)


def test_a_picture_is_announced_with_its_exact_size() -> None:
    header = pack_header(Kind.RESULT, picture(2, 3)[:, :, ::-1])

    assert unpack_header(header) == frames.Header(Kind.RESULT, (1, 2, 3), 18)


@pytest.mark.parametrize("wrong", [np.zeros((1, 4, 4, 3)), np.zeros((4, 4, 3), np.uint8)])
def test_other_arrays_are_no_frames(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        pack_header(Kind.CONTENT, wrong)


@pytest.mark.parametrize("position", [0, 4, 5, 6])
def test_a_header_with_any_field_wrong_is_malformed(position: int) -> None:
    raw = bytearray(pack_header(Kind.RESULT, picture()))
    raw[position] ^= 0x55

    with pytest.raises(MalformedFrameError):
        unpack_header(bytes(raw))


def test_bytes_survive_the_way_to_floats_and_back() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=3)

    assert (runner._to_bytes(runner._to_floats(every), every.shape) == every).all()


def test_floats_are_rounded_half_up_and_clipped() -> None:
    values = np.array([-1, 0.5 / 255, 1.499 / 255, 2], np.float32).reshape(1, 1, 2, 2)

    made = runner._to_bytes(values.repeat(3, axis=1), (1, 2, 2, 3))

    assert made[0, :, :, 0].ravel().tolist() == [0, 1, 1, 255]


# ---- the box


def test_pictures_of_any_size_come_back_as_they_went(identity: Entry) -> None:
    with Box(identity, limits=SMALL) as box:
        for sent in (picture(), picture(70, 33), picture(16, 16, n=3), picture(700, 600)):
            assert (box.stylize(sent, picture()).pixels == sent).all()
        usage = box.usage

    assert usage.startup_seconds > 0
    assert 20 * MIB < (box.usage.peak_memory_bytes or 0) < 512 * MIB


def test_time_is_taken_outside_and_not_while_the_caller_is_busy(identity: Entry) -> None:
    with Box(identity, limits=SMALL) as box:
        box.stylize(picture(), picture())
        box.send(picture(), picture())
        time.sleep(1.5)

        assert box.receive().seconds < 1.0


def test_one_request_at_a_time(identity: Entry) -> None:
    with Box(identity, limits=SMALL) as box:
        with pytest.raises(PlatformFault):
            box.receive()
        box.send(picture(), picture())
        with pytest.raises(PlatformFault):
            box.send(picture(), picture())


def test_a_box_that_was_not_entered_takes_no_request(identity: Entry) -> None:
    with pytest.raises(PlatformFault):
        Box(identity, limits=SMALL).send(picture(), picture())


def test_an_error_in_the_caller_ends_the_box(identity: Entry) -> None:
    def interrupted() -> None:
        with Box(identity, limits=SMALL) as box:
            box.send(picture(), picture())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert psutil.Process().children(recursive=True) == []


def test_a_box_closes_every_descriptor_and_thread(identity: Entry) -> None:
    with Box(identity, limits=SMALL):
        pass
    before = (len(list(Path("/proc/self/fd").iterdir())), threading.active_count())
    for _ in range(3):
        with Box(identity, limits=SMALL) as box:
            box.stylize(picture(), picture())

    assert (len(list(Path("/proc/self/fd").iterdir())), threading.active_count()) == before


def test_no_folder_or_group_is_left(identity: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[confined.Confined] = []
    start = confined.Confined.__init__

    def note(self: confined.Confined, *args: object, **kwargs: object) -> None:
        made.append(self)
        start(self, *args, **kwargs)

    monkeypatch.setattr(confined.Confined, "__init__", note)
    with Box(identity, limits=SMALL):
        assert made[0]._folder.exists()

    assert not made[0]._folder.exists()
    assert not any(folder.exists() for folder in (made[0].cgroup or cgroups.BoxCgroup(())).folders)


DAEMON = """
import ctypes
import os
import time


def load(device):
    ctypes.CDLL(None).prctl(15, b"{name}", 0, 0, 0)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    time.sleep({seconds})
    raise RuntimeError("done")
"""


@pytest.mark.parametrize("rung", [rung for rung in Rung if rung.takes("python")])
def test_a_daemon_is_seen_from_outside_and_dies_with_its_box(tmp_path: Path, rung: Rung) -> None:
    needs(rung)
    name = f"sa-{secrets.token_hex(4)}"
    entry = python_entry(tmp_path, DAEMON.format(name=name, seconds=0.7))
    seen: list[int] = []
    watcher = threading.Thread(target=lambda: seen.extend(wait_for(name)))
    watcher.start()
    with pytest.raises(ParticipantError), Box(entry, limits=SMALL, rung=rung):
        pass
    watcher.join()

    assert seen  # the oracle bites
    assert list(named(name)) == []


def wait_for(name: str) -> list[int]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := list(named(name)):
            return found
        time.sleep(0.02)
    return []


def test_an_entry_of_ours_that_cannot_start_is_not_blamed(
    identity: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "_tool", lambda *_: "/bin/false")

    with (
        pytest.raises(PlatformFault, match="could not start") as caught,
        Box(identity, limits=SMALL, rung=Rung.BUBBLEWRAP),
    ):
        pass
    assert caught.value.code == "sandbox.start_failed"


@pytest.mark.skipif(
    "CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="onnxruntime has CUDA"
)
def test_a_device_that_onnxruntime_cannot_use_is_named_with_its_remedy(identity: Entry) -> None:
    with (
        pytest.raises(PlatformFault, match="install onnxruntime-gpu") as caught,
        Box(identity, limits=SMALL, device="cuda"),
    ):
        pass
    assert caught.value.code == "device.unavailable"


def test_the_model_that_tries_a_device_is_one_that_onnxruntime_runs() -> None:
    session = onnxruntime.InferenceSession(runner.IDENTITY, providers=["CPUExecutionProvider"])

    assert session.run(["y"], {"x": np.array([7], np.float32)})[0] == 7


# ---- the log

PRINTS = """
def load(device):
    print("plain \\x1b[31mred\\x1b[0m \\u202egnp")
    print("x" * 200_000)
    raise ValueError("end")
"""


def test_the_log_keeps_the_end_and_cannot_steer(tmp_path: Path) -> None:
    box = Box(python_entry(tmp_path, PRINTS), limits=SMALL)
    with pytest.raises(ParticipantError), box:
        pass

    assert "ValueError: end" in box.log
    assert len(box.log) <= SMALL.log_bytes + 100
    assert "\x1b" not in box.log
    assert "bytes left out" in box.log


def test_a_short_log_is_kept_whole_and_cleaned() -> None:
    reader, writer = os.pipe()
    drain = LogDrain(reader, keep=100, flood=1000, on_flood=lambda: None)
    os.write(writer, "a\tb\x07\u202e\n".encode())
    os.close(writer)
    drain.join(5)

    assert drain.text == "a\tb��\n"


# ---- limits without a control group


HOARD = """
import os
import time


def load(device):
    os.fork()
    hoard = bytearray(b"x" * (400 << 20))
    time.sleep(60)
"""


def test_memory_is_watched_where_no_group_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confined, "make_cgroup", lambda limits: None)

    with (
        pytest.raises(ParticipantError) as caught,
        Box(python_entry(tmp_path, HOARD), limits=SMALL),
    ):
        pass
    assert caught.value.code == "entry.memory"


def test_a_group_is_made_only_where_the_kernel_keeps_it(tmp_path: Path) -> None:
    assert cgroups.make_cgroup(Limits(), root=tmp_path) is None
    (tmp_path / "cgroup.controllers").write_text("memory pids")

    assert cgroups.make_cgroup(Limits(), root=tmp_path) is None
    assert not list(tmp_path.glob("stylearena*"))


WAITING = """
import os


def load(device):
    print("idle threads are", os.environ["OMP_WAIT_POLICY"])
    return lambda content, style: content
"""


def test_idle_threads_of_an_entry_leave_the_cores_to_others(tmp_path: Path) -> None:
    with Box(python_entry(tmp_path, WAITING)) as box:
        box.stylize(picture(), picture())
        box.finish()
    assert "idle threads are PASSIVE" in box.log
