"""Pairs that an interrupted run has finished, so that the same run goes on where it stopped.

Kept in ``.unfinished`` in the folder of results: a picture and a one-pair shard each, and what the
run was. They are used again only if all of that is equal; a pair's score is the same bits in any
run, so a resumed report has the numbers of an uninterrupted one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from evaluator.errors import ParticipantError, PlatformFault

if TYPE_CHECKING:
    from evaluator.datasets import Dataset
    from evaluator.shards import PairDone, ShardResult

__all__ = ["Unfinished", "identity_of"]

NAME = ".unfinished"


def identity_of(
    *, entry: str, dataset: str, protocol: str, weights: Mapping[str, str], **places: str
) -> dict[str, str]:
    """What must be equal for pairs to be taken over: digests, version, and where it ran."""
    from evaluator.version import ENGINES, __version__

    digests = {"entry": entry, "dataset": dataset, "protocol": protocol}
    backbones = {f"weights {name}": digest for name, digest in weights.items()}
    return digests | backbones | places | {"evaluator": __version__, "engines": ENGINES}


class Unfinished:
    """The folder; one process at a time may hold it. Raises OSError where it cannot write."""

    def __init__(self, results: Path) -> None:
        """Make the folder; ParticipantError ``out.busy`` if another run is writing there."""
        self._folder = results / NAME
        self.pictures = self._folder / "outputs"
        self._scores = self._folder / "scores"
        for folder in (self.pictures, self._scores):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = _held(self._folder / "lock", results)
        self._mine = False  # what lies here is still another run's

    def finished(self, identity: Mapping[str, str], dataset: Dataset) -> list[ShardResult]:
        """The pairs of an earlier run of the same identity, a shard each; others are discarded."""
        mine = json.dumps(dict(identity), indent=1, sort_keys=True)
        if _text(self._about) != mine:
            self._start_over(mine)
        self._mine = True
        found = (self._read(pair.id) for pair in dataset.pairs)
        return [shard for shard in found if shard is not None]

    def keep(self, done: PairDone) -> None:
        """Write the picture, then the score: a pair whose score is there is whole."""
        from evaluator.images import encode_png
        from evaluator.sandbox.limits import Usage
        from evaluator.shards import ShardResult

        if not self._mine:  # a run that never asked for finished pairs cannot be resumed either
            self._start_over("")
        unknown = Usage(peak_memory_bytes=None, cpu_seconds=None, startup_seconds=0.0)
        (self.pictures / f"{done.pair.id}.png").write_bytes(encode_png(done.pixels))
        part = self._scores / f"{done.pair.id}.part"
        ShardResult.of([done.pair], [done.score], [done.seconds], unknown).save(part)
        part.rename(part.with_suffix(".npz"))

    def close(self, *, discard: bool) -> None:
        """Let others in.

        Removes everything if this run's pairs are to be discarded, or if there are none; those of
        another run that this one never came to ask for stay.
        """
        if (discard and self._mine) or not any(self._scores.glob("*.npz")):
            shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()

    @property
    def _about(self) -> Path:
        return self._folder / "run.json"

    def _start_over(self, identity: str) -> None:
        for folder in (self.pictures, self._scores):
            shutil.rmtree(folder)
            folder.mkdir()
        self._about.write_text(identity, "utf-8")
        self._mine = True

    def _read(self, pair: str) -> ShardResult | None:
        from evaluator.shards import ShardResult

        path = self._scores / f"{pair}.npz"
        if not (path.is_file() and (self.pictures / f"{pair}.png").is_file()):
            return None
        try:
            shard = ShardResult.load(path)
        except PlatformFault:  # cut short by whatever stopped the run
            return None
        return shard if shard.pair_ids == (pair,) else None


def _held(path: Path, results: Path) -> IO[str]:
    lock = path.open("w")
    try:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # not a Unix: two runs into one folder are not noticed
        pass
    except BlockingIOError as error:
        lock.close()
        raise ParticipantError(
            "out.busy",
            f"Another run is writing to {results}; wait for it or name another folder with --out.",
        ) from error
    return lock


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
