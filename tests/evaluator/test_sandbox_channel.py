"""The judge's ends of the pipes: what is there is read, and what is not is not waited for."""

import os
import time
from collections.abc import Iterator

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
