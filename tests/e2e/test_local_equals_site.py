"""The numbers of the site are those of ``stylearena evaluate``, and its board has its order right.

All of the demo's public pairs, so that there is a FID; the real command line, a real worker with
two shards an entry.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from baselines.export import export_method
from baselines.registry import METHODS
from evaluator.compact_specs import COMPACT_MINIMUM
from evaluator.demo import demo_dataset
from evaluator.metrics.catalogue import METRICS
from tests.conftest import RecordFigure
from tests.e2e.arena import ROOT, Arena
from tests.evaluator.demo_part import part_of_the_demo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PAIRS = COMPACT_MINIMUM
ENTRIES = ("identity", "style-copy", "reinhard")
TOLERANCE = 1e-6  # promised to participants, on one machine
CONTENT = ("content_loss", "content_mse", "content_rmse")
STYLE = ("style_loss", "style_mse", "style_rmse")

_STATE = "SELECT state, reason FROM submissions_submission WHERE id = ?"
_SCORES = """
    SELECT score.metric, score.value, score.low, score.high, score.n
    FROM judging_score AS score JOIN judging_evaluation AS evaluation
        ON evaluation.id = score.evaluation_id
    WHERE evaluation.submission_id = ? AND evaluation.is_promoted
"""
_SHARDS = """
    SELECT COUNT(*) FROM judging_shard AS shard JOIN judging_evaluation AS evaluation
        ON evaluation.id = shard.evaluation_id
    WHERE evaluation.submission_id = ? AND evaluation.stage = 'full'
"""


@dataclass(frozen=True, slots=True)
class Board:
    """Judged submissions by the name of their entry, in an arena that is still up."""

    arena: Arena
    dataset: Path
    archives: dict[str, Path]
    submissions: dict[str, str]

    def scores(self, name: str) -> dict[str, tuple[float, float, float, int]]:
        """Metric → value, low, high and n, as the board reads them."""
        rows = self.arena.query(_SCORES, self.submissions[name])
        return {metric: (value, low, high, n) for metric, value, low, high, n in rows}

    def value(self, name: str, metric: str) -> float:
        return self.scores(name)[metric][0]

    def report(self, name: str) -> dict[str, Any]:
        return self.arena.report(self.submissions[name])


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """The entries handed in and judged, half of the pairs a shard."""
    folder = tmp_path_factory.mktemp("site")
    archives = {name: export_method(METHODS[name], folder) for name in ENTRIES}
    dataset = part_of_the_demo(folder / "pictures", demo_dataset("public").pairs[:PAIRS]).root
    options = ["--dataset", str(dataset), "--shard-pairs", str(PAIRS // 2)]
    with Arena(folder) as arena:
        arena.call("django", "migrate", "--verbosity=0")
        for process in ("sweeper", "worker"):
            arena.start(process)
        submissions = {
            name: arena.call("tests.e2e.hand_in", str(path), name, *options)
            for name, path in archives.items()
        }
        for submission in submissions.values():
            await_judged(arena, submission)
        yield Board(arena, dataset, archives, submissions)


def await_judged(arena: Arena, submission: str) -> None:
    def state() -> str:
        ((found, reason),) = arena.query(_STATE, submission)
        assert found not in {"failed", "error", "cancelled"}, reason
        return str(found)

    arena.await_true("scored", lambda: state() == "scored", seconds=600)


@pytest.fixture(scope="module")
def local(board: Board, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report that the command line gives of Reinhard's colour transfer, in its own cache."""
    folder = tmp_path_factory.mktemp("laptop")
    command = [sys.executable, "-m", "evaluator.cli", "evaluate", str(board.archives["reinhard"])]
    done = subprocess.run(
        [*command, "--dataset", str(board.dataset), "--out", str(folder / "out"), "--json"],
        env=os.environ | {"OMP_NUM_THREADS": "2"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def numbers(report: dict[str, Any]) -> dict[str, float]:
    """Every number of a report by its place: overall, per style and per pair."""
    found = {
        f"overall {metric} {part}": score[part]
        for metric, score in report["overall"].items()
        for part in ("value", "low", "high", "n")
    }
    for kind, key, values in (("styles", "style", "scores"), ("pairs", "pair", "values")):
        for row in report[kind]:
            found |= {f"{row[key]} {name}": value for name, value in row[values].items()}
    return found


def test_the_site_judged_in_two_shards_and_the_laptop_in_one(board: Board) -> None:
    ((shards,),) = board.arena.query(_SHARDS, board.submissions["reinhard"])
    assert shards == 2


def test_every_number_of_the_sites_report_is_that_of_the_command_line(
    board: Board, local: dict[str, Any], record_figure: RecordFigure
) -> None:
    here, there = (numbers(report) for report in (local, board.report("reinhard")))
    assert here.keys() == there.keys()
    assert len(here) > PAIRS * 7
    worst = max(abs(here[name] - there[name]) / max(abs(here[name]), 1e-300) for name in here)
    record_figure("local-equals-site.worst", worst, "relative")
    assert worst <= TOLERANCE


def test_the_boards_scores_are_those_of_the_command_line(
    board: Board, local: dict[str, Any]
) -> None:
    found = board.scores("reinhard")
    assert found.keys() == local["overall"].keys()
    assert "fid" in found
    for metric, row in found.items():
        expected = tuple(local["overall"][metric][part] for part in ("value", "low", "high", "n"))
        assert row == pytest.approx(expected, rel=TOLERANCE)


def test_site_and_command_line_name_the_same_origin(board: Board, local: dict[str, Any]) -> None:
    assert board.report("reinhard")["provenance"] == local["provenance"]


@pytest.mark.parametrize("metric", CONTENT)
def test_identity_keeps_the_content_and_style_copy_the_least_of_it(
    board: Board, metric: str
) -> None:
    assert board.value("identity", metric) == 0
    assert 0 < board.value("reinhard", metric) < board.value("style-copy", metric)


@pytest.mark.parametrize("metric", STYLE)
def test_style_copy_has_the_style_and_identity_the_least_of_it(board: Board, metric: str) -> None:
    assert board.value("style-copy", metric) == pytest.approx(0, abs=1e-9)
    assert board.value("style-copy", metric) < board.value("reinhard", metric)
    assert board.value("reinhard", metric) < board.value("identity", metric)


def test_style_copy_is_nearer_to_the_styles_in_fid_than_identity(board: Board) -> None:
    assert board.value("style-copy", "fid") < board.value("identity", "fid")


def test_less_is_better_in_each_of_them(board: Board) -> None:
    assert {*CONTENT, *STYLE, "fid"} <= board.scores("identity").keys()
    assert all(METRICS[metric].lower_is_better for metric in (*CONTENT, *STYLE, "fid"))
