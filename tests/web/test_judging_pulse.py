"""What the pulse makes of a run that was late: the entry's fault, or a worker that stood still.

A heartbeat that hangs looks like a stopped process from inside: the pulse wakes too late.
"""

import threading
import time

import pytest
from pytest_django import Settings

from evaluator.errors import ParticipantError, PlatformFault
from evaluator.sandbox.verdicts import LATE, verdict
from stylearena.judging import pulse
from stylearena.judging.services import Beat

STALL, SOON = 1.0, 30.0


class Heart:
    """Hangs in its first beat for so many seconds, and then beats."""

    def __init__(self, hangs: float) -> None:
        self.hangs = hangs
        self.hanging, self.beating = threading.Event(), threading.Event()

    def __call__(self, *, done: int) -> Beat:
        if self.hanging.is_set():
            self.beating.set()
        else:
            self.hanging.set()
            time.sleep(self.hangs)
        return Beat(alive=True, cancelled=False)


@pytest.fixture(autouse=True)
def brisk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LEASE_SECONDS = 0.3
    monkeypatch.setattr(pulse, "_STALL", STALL)


def run(beating: pulse.Pulse, *, until: threading.Event, ends: str, after: float = 0.0) -> None:
    """A run under the pulse's eyes that ``ends`` with a verdict, ``after`` what it waits for."""
    with beating.watching():
        assert until.wait(SOON)
        time.sleep(after)
        raise verdict(ends)


@pytest.mark.parametrize("code", sorted(LATE))
def test_a_run_that_was_late_after_the_worker_stood_still_is_a_fault_of_ours(code: str) -> None:
    heart = Heart(1.5 * STALL)
    with pulse.Pulse(heart) as beating, pytest.raises(PlatformFault) as caught:
        run(beating, until=heart.beating, ends=code.removeprefix("entry."))
    assert caught.value.code == "judging.stalled"


def test_the_run_may_wake_before_the_pulse_does() -> None:
    heart = Heart(2.5 * STALL)
    with pulse.Pulse(heart) as beating, pytest.raises(PlatformFault, match="stood still"):
        run(beating, until=heart.hanging, after=1.2 * STALL, ends="pair_timeout")


def test_a_run_that_was_late_by_itself_is_the_entrys_fault() -> None:
    heart = Heart(0.0)
    with pulse.Pulse(heart) as beating, pytest.raises(ParticipantError, match="too long for one"):
        run(beating, until=heart.beating, ends="pair_timeout")


def test_a_run_that_crashed_while_the_worker_stood_still_is_the_entrys_fault() -> None:
    heart = Heart(1.5 * STALL)
    with pulse.Pulse(heart) as beating, pytest.raises(ParticipantError, match="process ended"):
        run(beating, until=heart.beating, ends="crashed")


def test_a_worker_that_stood_still_before_the_run_excuses_nothing() -> None:
    heart = Heart(1.5 * STALL)
    with pulse.Pulse(heart) as beating:
        assert heart.beating.wait(SOON)
        with pytest.raises(ParticipantError, match="too long for one"):
            run(beating, until=heart.beating, ends="pair_timeout")
