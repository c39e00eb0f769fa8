"""The folder a run leaves: ``report.json``, ``report.html`` and ``outputs/<pair>.png``.

Pairs are gathered in a hidden folder beside them (``unfinished``) and everything is put in place at
the end, so that an interrupted run never mixes with the results of an earlier one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from evaluator.errors import OrganiserError, ParticipantError
from evaluator.unfinished import Unfinished

if TYPE_CHECKING:
    from evaluator.datasets import Dataset
    from evaluator.protocols import Protocol
    from evaluator.report import Report
    from evaluator.shards import PairDone, ShardResult

__all__ = ["ResultsFolder"]


class ResultsFolder:
    """A run's results, taking shape.

    Leaving the context without ``finish`` leaves what was there before as it was, and keeps the
    finished pairs for the next run of the same kind, unless the run was refused: an entry that
    fails would fail again. Folders that it made and that stay empty go again. Raises
    ParticipantError ``out.unwritable``, ``out.busy`` or ``out.foreign`` as soon as it is entered,
    not after a long run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._outputs = folder / "outputs"

    def __enter__(self) -> Self:
        with self._writing(), ExitStack() as undo:
            self._require_ours()
            places = (self._folder, *self._folder.parents)
            self._made = [place for place in places if not place.exists()]  # innermost first
            undo.callback(self._remove_made)  # what is not entered is not left either
            self._folder.mkdir(parents=True, exist_ok=True)
            self._unfinished = Unfinished(self._folder)
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        refused = isinstance(error, ParticipantError | OrganiserError)
        self._unfinished.close(discard=error is None or refused)
        self._remove_made()

    def finished(self, identity: Mapping[str, str], dataset: Dataset) -> list[ShardResult]:
        """The pairs that an interrupted run of that identity left, a shard each."""
        with self._writing():
            return self._unfinished.finished(identity, dataset)

    def keep(self, done: PairDone) -> None:
        """Write the output picture and the scores of a finished pair."""
        with self._writing():
            self._unfinished.keep(done)

    def finish(self, report: Report, dataset: Dataset, protocol: Protocol, *, command: str) -> None:
        """Put the pictures, the page and the report in place of what was there."""
        from evaluator.report_page import render_page

        page = render_page(report, dataset, protocol, output=self._picture, command=command)
        with self._writing():
            if self._outputs.exists():
                shutil.rmtree(self._outputs)
            self._unfinished.pictures.rename(self._outputs)
            (self._folder / "report.html").write_text(page, encoding="utf-8")
            report.save(self._folder / "report.json")

    def _require_ours(self) -> None:
        """The pictures will be replaced: only those of an earlier run, with its report, may be."""
        there, ours = os.path.lexists(self._outputs), (self._folder / "report.json").is_file()
        if there and not (ours and self._outputs.is_dir() and not self._outputs.is_symlink()):
            raise ParticipantError(
                "out.foreign",
                f"{self._outputs} would be replaced, but is not an earlier run's: there is no "
                "report.json beside it, or it is no folder; name another folder with --out.",
            )

    def _remove_made(self) -> None:
        for place in self._made:
            with suppress(OSError):  # not empty: there are results, or another run's
                place.rmdir()

    def _picture(self, pair: str) -> Path:
        return self._unfinished.pictures / f"{pair}.png"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ParticipantError(
                "out.unwritable",
                f"The results cannot be written to {self._folder}: {reason}; "
                "name another folder with --out.",
            ) from error
