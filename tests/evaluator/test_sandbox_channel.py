"""The judge's ends of the pipes: what is there is read, and what is not is not waited for."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluator.sandbox.channel import Channel, DeadlineError, Pipe
from evaluator.sandbox.region import Region

ANSWER = b"an answer"


@pytest.fixture
def answers() -> Pipe:
    return Pipe()


@pytest.fixture
def channel(answers: Pipe) -> Iterator[Channel]:
    """A channel to this very process, which writes its answers by ``answers.write_end``."""
    requests, region = Pipe(), Region()
    pidfd = os.pidfd_open(os.getpid())
    ends = {"request": requests.write_end, "response": answers.read_end}
    channel = Channel(**ends, pidfd=pidfd, region=region)
    yield channel
    channel.close()
    for descriptor in (requests.read_end, answers.write_end, region.read_end):
        os.close(descriptor)


def past() -> float:
    """A deadline that passed while the judge was stopped."""
    return time.monotonic() - 60


def test_an_answer_that_came_while_the_judge_stood_still_is_read(
    answers: Pipe, channel: Channel
) -> None:
    os.write(answers.write_end, ANSWER)
    assert channel.read(len(ANSWER), past()) == ANSWER


def test_an_answer_that_is_not_there_at_the_deadline_is_late(
    answers: Pipe, channel: Channel
) -> None:
    os.write(answers.write_end, ANSWER)
    begun = time.monotonic()
    with pytest.raises(DeadlineError):
        channel.read(len(ANSWER) + 1, past())
    with pytest.raises(DeadlineError):
        channel.read(1, begun + 0.2)
    assert 0.2 <= time.monotonic() - begun < 5


def test_a_request_that_nobody_reads_is_late(channel: Channel) -> None:
    with pytest.raises(DeadlineError):
        channel.write(bytes(4 << 20), past())


SLOW_ENTRY = """
import time

def load(device):
    def stylize(content, style):
        time.sleep(1)
        return content
    return stylize
"""
JUDGE = """
import sys
from pathlib import Path

import numpy as np

from evaluator.entry import open_entry
from evaluator.sandbox import Box, Limits

archive = Path(sys.argv[1])
picture = np.zeros((1, 256, 256, 3), np.uint8)
with Box(open_entry(archive, archive.parent / "entry"), limits=Limits(pair_seconds=3)) as box:
    box.send(picture, picture)
    print("sent", flush=True)
    print(box.receive().pixels.shape)
"""


@pytest.mark.slow
def test_a_judge_that_was_stopped_for_longer_than_a_pair_may_take_reads_the_answer(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "slow.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("entry.toml", 'name = "x"\nruntime = "python"\nentry = "slow:load"\n')
        made.writestr("slow.py", SLOW_ENTRY)
    command = [sys.executable, "-c", JUDGE, str(archive)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as judge:
        assert judge.stdout is not None
        assert judge.stdout.readline() == "sent\n"
        time.sleep(0.4)  # its request is with the entry by now
        judge.send_signal(signal.SIGSTOP)
        time.sleep(4)
        judge.send_signal(signal.SIGCONT)
        assert judge.stdout.readline() == "(1, 256, 256, 3)\n"
