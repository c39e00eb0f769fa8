"""What the platform adds: an entry judged by a worker, and by ``stylearena evaluate``.

The platform's time runs from the hand-in to the published report and holds the smoke run; its
worker is warm. The command is a fresh process, as on a participant's machine. One shard on both
sides, the same dataset, cache and processors.
"""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from baselines.export import export_method
from baselines.registry import METHODS
from evaluator.demo import demo_dataset
from tests.bench.figures import Figure
from tests.bench.fresh import run_fresh
from tests.bench.pairing import alternate
from tests.e2e.arena import Arena
from tests.evaluator.demo_part import part_of_the_demo

_SPAN = """
    SELECT (julianday(evaluation.finished_at) - julianday(submission.created_at)) * 86400
    FROM judging_evaluation AS evaluation
    JOIN submissions_submission AS submission ON submission.id = evaluation.submission_id
    WHERE submission.id = ? AND evaluation.stage = 'full' AND evaluation.state = 'scored'
"""


@dataclass(frozen=True, slots=True)
class _Judged:
    """``seconds`` in all; ``run_seconds`` of them between the first and the last pair's end."""

    seconds: float
    run_seconds: float


@dataclass(slots=True)
class _Sides:
    """An entry and a dataset, judged by either side."""

    arena: Arena
    archive: Path
    dataset: Path
    handed_in: int = 0

    def platform(self) -> _Judged:
        self.handed_in += 1
        name = f"participant-{self.handed_in}"
        options = ["--dataset", str(self.dataset), "--shard-pairs", "10000"]
        submission = self.arena.call("tests.e2e.hand_in", str(self.archive), name, *options)
        self.arena.await_true("scored", lambda: self.arena.query(_SPAN, submission), seconds=600)
        ((seconds,),) = self.arena.query(_SPAN, submission)
        return _Judged(seconds, _run_seconds(self.arena.report(submission)))

    def command(self) -> _Judged:
        out = self.arena.folder / "evaluated"
        command = [sys.executable, "-m", "evaluator.cli", "evaluate", str(self.archive)]
        options = ["--dataset", str(self.dataset), "--out", str(out), "--json"]
        ended = run_fresh([*command, *options])
        return _Judged(ended.seconds, _run_seconds(json.loads(ended.stdout)))


def measure(*, quick: bool) -> Iterator[Figure]:
    with TemporaryDirectory(prefix="stylearena-bench-") as home:
        folder = Path(home)
        demo = demo_dataset("public")
        dataset = part_of_the_demo(folder / "pictures", demo.pairs[:24]) if quick else demo
        os.environ["STYLEARENA_CACHE_DIR"] = str(folder / "cache")
        archive = export_method(METHODS["reinhard"], folder)
        with Arena(folder) as arena:
            arena.call("django", "migrate", "--verbosity=0")
            for process in ("sweeper", "worker"):
                arena.start(process)
            sides = _Sides(arena, archive, dataset.root)
            sides.platform()  # the worker loads torch and the reference features
            runs = alternate(sides.platform, sides.command, pairs=3 if quick else 5)
    yield from _figures(runs)


def _figures(runs: list[tuple[_Judged, _Judged]]) -> Iterator[Figure]:
    yield Figure.of("platform.seconds", "s", (ours.seconds for ours, _ in runs))
    yield Figure.of(
        "platform.vs.evaluate", "x", (ours.seconds / alone.seconds for ours, alone in runs)
    )
    yield Figure.of(
        "platform.run.vs.evaluate",
        "x",
        (ours.run_seconds / alone.run_seconds for ours, alone in runs),
    )


def _run_seconds(report: dict[str, Any]) -> float:
    return float(report["timings"]["total_seconds"])
