"""What the demo shows on the console: a bar for each step and entry, and the boards as tables."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from evaluator.metrics.catalogue import MetricInfo
from evaluator.presentation import number
from stylearena.judging.models import Score
from stylearena.judging.queries import progress as judging_progress
from stylearena.leaderboards.queries import Board
from stylearena.submissions.models import State, Submission

__all__ = ["Bars", "board_table", "follow_painting", "unscored"]

_WORDS = {"received": "in the queue", "smoke": "smoke run", "full": "full run", "board": "scored"}
_SHOWN = ("total_loss", "content_loss", "style_loss", "fid")


class Bars:
    """Context manager around the console's progress bars; quiet where there is no terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:34}"),
            BarColumn(bar_width=32),
            TextColumn("{task.fields[said]:14}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, name: str, *, done: float, total: float, said: str = "") -> None:
        """Draw the bar called ``name``; its clock starts now if it is new."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total or None, said=said)
        self._progress.update(self._tasks[name], completed=done, total=total or None, said=said)

    def show_submission(self, submission: Submission) -> None:
        """One more look at a submission that is being judged; expects its phase loaded."""
        now = judging_progress(submission)
        said = _WORDS[now.stage] if submission.is_active else submission.get_state_display().lower()
        whole = now.total if now.stage in ("full", "board") else submission.phase.dataset.pairs
        done = now.done if now.stage in ("full", "board") else 0
        name = f"{submission.name} · {submission.phase.title}"
        self.show(name, done=done, total=whole, said=said)


def follow_painting(bars: Bars, note: Path) -> Callable[[], None]:
    """A call that draws how far the painter is, as it says in ``note``."""

    def look() -> None:
        text = note.read_text("ascii") if note.exists() else ""
        if len(numbers := text.split()) == 2:
            done, total = map(int, numbers)
            bars.show("Demo pictures", done=done, total=total, said=f"{done}/{total}")

    return look


def board_table(board: Board) -> Table:
    """A phase's board as a table that fits a narrow console: the site has every column."""
    table = Table(
        title=f"{board.phase.competition.title}: {board.phase.title}", title_justify="left"
    )
    table.add_column("#", justify="right")
    table.add_column("Entry", no_wrap=True)
    columns = [column for column in board.columns if column.name in _SHOWN]
    for column in columns:
        arrow = "↓" if column.lower_is_better else "↑"
        table.add_column(f"{column.short} {arrow}", justify="right", no_wrap=True)
    for row in board.rows:
        values = [_value(row.scores.get(column.name), column) for column in columns]
        table.add_row(str(row.rank or "–"), row.name, *values)
    return table


def unscored(submissions: Sequence[Submission]) -> list[str]:
    """A sentence for each submission that ended without a score."""
    return [
        f"{submission.name} ({submission.phase.title}) ended as {submission.state}: "
        f"{submission.reason or submission.reason_code}"
        for submission in submissions
        if submission.state != State.SCORED
    ]


def _value(score: Score | None, column: MetricInfo) -> str:
    return "–" if score is None else number(score.value, column.digits)
