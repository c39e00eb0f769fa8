"""The play: a calm act whose numbers are kept, rounds of faults, and the reckoning."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from stylearena.judging.models import Rescore
from stylearena.judging.models import Stage as JudgingStage
from stylearena.judging.services import rescoring
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
        rescore = _promoted(stage)
        outcome.submissions = Submission.objects.count()
        outcome.violations = checks.violations(stage.participants.promised, expected, rescore)
        outcome.slowest = stage.recoveries.slowest
    return outcome


def _calm(stage: Stage) -> checks.Expected:
    """One entry of each kind, undisturbed: their numbers, and those of their re-score."""
    ids = {name: stage.participants.hand_in(kind) for name, kind in KINDS.items()}
    assert all(ids.values()), "an undisturbed site gave no promise"
    stage.wait("the undisturbed run is judged", lambda: not stage.participants.under_way(), 180.0)
    rescore = stage.participants.rescore()
    stage.wait("the undisturbed re-score is judged", lambda: not _under_way(rescore), 180.0)
    runs = {
        name: Submission.objects.get(pk=pk).evaluations.filter(stage=JudgingStage.FULL)
        for name, pk in ids.items()
        if KINDS[name].state == "scored"
    }
    expected = checks.Expected(
        judged={name: checks.numbers(found.get(rescore=None)) for name, found in runs.items()},
        rescored={name: checks.numbers(found.get(rescore=rescore)) for name, found in runs.items()},
    )
    rescoring.drop(rescore, by=rescore.started_by)
    return expected


def _under_way(rescore: Rescore) -> int:
    return rescoring.progress_of(rescore).active


def _promoted(stage: Stage) -> Rescore:
    """The re-score of everything that the faults have left, on the board."""
    rescore = stage.participants.rescore()
    stage.wait("the last re-score is judged", lambda: not _under_way(rescore), _LAST_PATIENCE)
    rescoring.promote(rescore, by=rescore.started_by)
    return rescore


def _programme(rounds: int, seed: int) -> Iterator[str]:
    """Every fault once in each turn, in an order that the seed shuffles."""
    chance, kinds = Random(seed), available()
    for number in range(rounds):
        if number % len(kinds) == 0:
            chance.shuffle(kinds)
        yield kinds[number % len(kinds)]


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
