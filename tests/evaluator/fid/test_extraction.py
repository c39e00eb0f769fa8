"""The engine of ``fid``: order, batches that learn, and memory that runs short."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from evaluator.backbones.inception import Inception
from evaluator.backbones.loading import LoadedState, exact_arithmetic
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.fid.batches import LARGEST, BatchSize, of_one_size
from evaluator.fid.choice import Choice
from evaluator.fid.extraction import rows_by_batches, rows_by_threads
from evaluator.fid.torch_network import TorchInception, has_bfloat16
from tests.evaluator.backbones.peers import random_state
from tests.evaluator.tiny import waves


class Means:
    """A network of one dimension, the mean, on a device that holds ``room`` pictures."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.seen: list[int] = []

    def rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        if len(pixels) > self.room:
            raise MemoryError
        self.seen.append(len(pixels))
        return pixels.mean(axis=(1, 2, 3), dtype=np.float64)[:, None].astype(np.float32)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = []
    for shade in range(20):
        side = 8 if shade < 15 else 12
        found.append(tmp_path / f"{shade:02}.png")
        Image.fromarray(np.full((side, side, 3), 10 * shade, np.uint8)).save(found[-1])
    return found


SHADES = [10.0 * shade for shade in range(20)]


def quiet(_done: int, _total: int) -> None:
    """Hear of progress and say nothing."""


@pytest.mark.parametrize("threads", [1, 4])
def test_rows_come_in_the_order_of_the_files(files: list[Path], threads: int) -> None:
    heard: list[int] = []
    rows = rows_by_threads(
        files, Means(1), 1, threads=threads, on_picture=lambda done, _: heard.append(done)
    )
    assert rows[:, 0].tolist() == SHADES
    assert heard == list(range(1, 21))


def test_short_memory_makes_batches_smaller_and_loses_nothing(files: list[Path]) -> None:
    network = Means(room=3)
    size = BatchSize(16, fixed=True)
    rows = rows_by_batches(files, network, 1, threads=2, size=size, device="cuda", on_picture=quiet)
    assert rows[:, 0].tolist() == SHADES
    assert size.count <= 3
    assert sum(network.seen) == 20


def test_a_device_without_room_for_one_picture_is_a_clear_refusal(files: list[Path]) -> None:
    with pytest.raises(PlatformFault, match="memory of cuda") as caught:
        rows_by_batches(
            *(files, Means(0), 1), threads=1, size=BatchSize(), device="cuda", on_picture=quiet
        )
    assert caught.value.code == "device.out_of_memory"


class Shared(Means):
    """A network whose memory holds the work of one thread, and only once it has been refused."""

    def __init__(self, spared: int) -> None:
        super().__init__(room=1)
        self.spared = spared
        self.threads: list[str] = []

    def rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.threads.append(threading.current_thread().name)
        if len(set(self.threads)) > 1 and self.spared > 0:
            self.spared -= 1
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        return super().rows(pixels)


def test_threads_that_do_not_fit_beside_each_other_give_way_to_one(files: list[Path]) -> None:
    network = Shared(spared=1)
    rows = rows_by_threads(files, network, 1, threads=4, on_picture=quiet)
    assert rows[:, 0].tolist() == SHADES
    assert network.spared == 0
    assert len(set(network.threads[-10:])) == 1


def test_a_processor_without_room_for_one_picture_is_a_clear_refusal(files: list[Path]) -> None:
    with pytest.raises(PlatformFault, match="memory of cpu") as caught:
        rows_by_threads(files, Means(0), 1, threads=2, on_picture=quiet)
    assert caught.value.code == "device.out_of_memory"


def test_batches_hold_one_size_each() -> None:
    pictures = [np.zeros((side, side, 3), np.uint8) for side in (4, 4, 4, 5, 5, 4)]
    shapes = [batch.shape[:2] for batch in of_one_size(pictures, BatchSize(2, fixed=True))]
    assert shapes == [(2, 4), (1, 4), (2, 5), (1, 4)]


def test_the_batch_grows_while_that_is_quicker_and_stays_at_the_best() -> None:
    size = BatchSize(32)
    for _ in range(10):
        rate = min(size.count, 128)  # a device that is busy from 128 pictures on
        size.took(size.count, size.count / rate)
    assert size.count == 128
    assert BatchSize(LARGEST).count == LARGEST


def test_the_torch_engine_gives_the_features_of_the_scorer() -> None:
    arrays = {name: tensor.numpy() for name, tensor in random_state().items()}
    pixels = np.stack([waves(seed) for seed in range(2)])
    network = TorchInception(Choice(dims=192), arrays, source="test")
    state = LoadedState("test", random_state(), "")
    with exact_arithmetic():
        plain = Inception(state, dims=192, device=torch.device("cpu"))
        expected = plain.features(torch.from_numpy(pixels)).numpy()
    assert np.array_equal(network.rows(pixels), expected)


def test_bfloat16_is_close_and_no_more() -> None:
    state, pixels = LoadedState("test", random_state(), ""), torch.from_numpy(waves(0)[None])
    found = {}
    with exact_arithmetic():
        for dtype in (torch.float32, torch.bfloat16):
            network = Inception(state, dims=192, device=torch.device("cpu"), dtype=dtype)
            found[dtype] = network.features(pixels).numpy()
    exact, fast = found[torch.float32], found[torch.bfloat16]
    error = float(np.linalg.norm(fast - exact) / np.linalg.norm(exact))
    assert 1e-6 < error < 1e-2


def test_fast_is_refused_where_the_processor_has_no_bfloat16() -> None:
    if has_bfloat16(torch.device("cpu")):
        pytest.skip("this processor has bfloat16")
    with pytest.raises(ParticipantError, match="bfloat16") as caught:
        TorchInception(Choice(dims=64, mode="fast"), {}, source="test")
    assert caught.value.code == "device.no_bfloat16"
