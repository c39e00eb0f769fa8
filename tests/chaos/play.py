"""The play: a calm act whose numbers are kept, rounds of faults, and the reckoning."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from stylearena.submissions.models import Submission
from tests.bench.figures import Figure
from tests.chaos import checks
from tests.chaos.entries import KINDS
from tests.chaos.faults import FAULTS, available
from tests.chaos.stage import Stage, running_stage
from tests.e2e.arena import Arena
from tests.postgres import Postgres

__all__ = ["Outcome", "play"]

_UNDER_WAY = 4  # submissions that are being judged at every fault
_LAST_PATIENCE = 180.0


@dataclass(slots=True)
class Outcome:
    """What happened. ``slowest``: the fault that was felt longest, and for how many seconds."""

    rounds: int
    faults: Counter[str] = field(default_factory=Counter)
    submissions: int = 0
    violations: list[str] = field(default_factory=list)
    slowest: tuple[str, float] = ("none", 0.0)

    def figures(self) -> Iterator[Figure]:
        yield Figure.of("chaos.rounds", "rounds", [self.rounds])
        for fault, times in self.faults.items():
            yield Figure.of(f"chaos.faults.{fault.replace(' ', '-')}", "times", [times])
        yield Figure.of("chaos.submissions", "submissions", [self.submissions])
        yield Figure.of("chaos.violations", "violations", [len(self.violations)])
        yield Figure.of("chaos.slowest.recovery", "s", [self.slowest[1]])


def play(folder: Path, postgres: Postgres, arena: Arena, *, rounds: int, seed: int) -> Outcome:
    """Disturb a platform ``rounds`` times and say what became of it."""
    outcome = Outcome(rounds)
    with running_stage(folder, postgres, arena) as stage:
        checks.watch()
        expected = _calm(stage)
        for number, fault in enumerate(_programme(rounds, seed), start=1):
            stage.participants.keep_busy(_UNDER_WAY)
            begun = time.monotonic()
            FAULTS[fault](stage)
            outcome.faults[fault] += 1
            _say(f"{number}/{rounds} {fault} ({time.monotonic() - begun:.1f} s)")
        _say("waiting for the last verdicts")
        stage.wait_if(
            lambda: not (stage.participants.under_way() or stage.recoveries.pending), _LAST_PATIENCE
        )
        outcome.submissions = Submission.objects.count()
        outcome.violations = checks.violations(stage.participants.promised, expected)
        outcome.slowest = stage.recoveries.slowest
    return outcome


def _calm(stage: Stage) -> dict[str, dict[str, Any]]:
    """One entry of each kind, undisturbed: their numbers."""
    ids = {name: stage.participants.hand_in(kind) for name, kind in KINDS.items()}
    assert all(ids.values()), "an undisturbed site gave no promise"
    stage.wait("the undisturbed run is judged", lambda: not stage.participants.under_way(), 180.0)
    return {
        name: checks.numbers(Submission.objects.get(pk=pk))
        for name, pk in ids.items()
        if KINDS[name].state == "scored"
    }


def _programme(rounds: int, seed: int) -> Iterator[str]:
    """Every fault once in each turn, in an order that the seed shuffles."""
    chance, kinds = Random(seed), available()
    for number in range(rounds):
        if number % len(kinds) == 0:
            chance.shuffle(kinds)
        yield kinds[number % len(kinds)]


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
