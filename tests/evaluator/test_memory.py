"""Memory that runs short: known in each library, tried again in less room, then one sentence."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from evaluator import cli
from evaluator.backbones.inception_onnx import OnnxInception
from evaluator.errors import PlatformFault
from evaluator.memory import in_less_room, is_shortage, shortage_as_memory_error
from tests.evaluator.backbones.peers import random_state

HUGE = 1 << 34

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is Linux's")


@contextmanager
def little_memory() -> Iterator[None]:
    """No more address space than a few MiB beyond what is used."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (used + (32 << 20), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_pytorch_s_and_numpy_s_own_errors_are_recognised() -> None:
    for allocate in (lambda: torch.zeros(HUGE), lambda: np.ones(HUGE)):
        with little_memory(), pytest.raises((RuntimeError, MemoryError)) as caught:
            allocate()
        assert is_shortage(caught.value)


def test_onnxruntime_s_own_error_is_recognised() -> None:
    arrays = {name: tensor.numpy() for name, tensor in random_state().items()}
    network = OnnxInception(arrays, dims=64, source="test")
    large = np.zeros((1, 4096, 4096, 3), np.uint8)
    with little_memory(), pytest.raises(MemoryError), shortage_as_memory_error():
        network.rows(large)


@pytest.mark.parametrize("error", [ValueError("out of memory"), RuntimeError("size mismatch")])
def test_other_errors_are_left_alone(error: Exception) -> None:
    assert not is_shortage(error)
    with pytest.raises(type(error), match=str(error)), shortage_as_memory_error():
        raise error


class Greedy:
    """Work that fits after so many refusals."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.rooms = 0

    def work(self) -> str:
        if self.refusals:
            self.refusals -= 1
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")
        return "done"

    def make_room(self) -> None:
        self.rooms += 1


def test_work_is_tried_once_more_after_room_was_made() -> None:
    greedy = Greedy(refusals=1)
    assert in_less_room(greedy.work, greedy.make_room, device="cpu") == "done"
    assert greedy.rooms == 1


def test_work_that_still_does_not_fit_is_a_fault_of_the_machine_s() -> None:
    greedy = Greedy(refusals=2)
    with pytest.raises(PlatformFault, match="even one picture") as caught:
        in_less_room(greedy.work, greedy.make_room, device="cuda:1")
    assert caught.value.code == "device.out_of_memory"
    assert "cuda:1" in str(caught.value)


def _raise(error: Exception) -> Callable[..., None]:
    def call(*_: object, **__: object) -> None:
        raise error

    return call


def test_a_shortage_anywhere_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_run", _raise(MemoryError()))
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2
    assert "too little free memory" in capsys.readouterr().err


def test_a_program_s_own_mistake_stays_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_run", _raise(RuntimeError("a mistake of ours")))
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        cli.main()


def test_fid_in_a_process_without_memory_ends_with_a_sentence(tmp_path: Path) -> None:
    from tests.evaluator.fid.test_command import folder

    torch.save(random_state(), tmp_path / "inception.pth")
    a = folder(tmp_path / "a", range(3))
    code = (
        "import resource, sys\n"
        f"sys.argv = ['stylearena', 'fid', {str(a)!r}, {str(a)!r}, '--dims', '2048',\n"
        f"  '--no-cache', '--device', 'cpu', '--weights', {str(tmp_path / 'inception.pth')!r}]\n"
        "from evaluator.fid import distance, extraction\n"
        "def short(files, network, *arguments, **options):\n"
        "    import psutil\n"
        "    used = psutil.Process().memory_info().vms\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (used + (8 << 20), -1))\n"
        "    return extraction.rows_by_threads(files, network, *arguments, **options)\n"
        "distance.rows_by_threads = short\n"
        "from evaluator.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip().splitlines()[-1].startswith("error: ")
