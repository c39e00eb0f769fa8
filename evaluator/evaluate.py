"""One run: every pair goes through the entry's box and is scored while the next one is stylised.

The site calls ``run_pairs`` for each shard, ``evaluate`` calls it for the whole dataset: the same
code, so the same numbers. Light to import: torch comes with the scorer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from evaluator.devices import require_device_name
from evaluator.errors import OrganiserError, ParticipantError
from evaluator.rerun import command_again
from evaluator.results import ResultsFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evaluator.backbones.download import Progress
    from evaluator.datasets import Dataset, Pair
    from evaluator.entry import Entry
    from evaluator.protocols import Protocol
    from evaluator.report import Report
    from evaluator.sandbox import Box, Frame, Limits, Rung
    from evaluator.scoring import Scorer
    from evaluator.shards import PairDone, PairScore, ShardResult

    Pixels = NDArray[np.uint8]
    Pictures = tuple[Pixels, Pixels]

__all__ = ["evaluate", "find_dataset", "require_device", "run_pairs"]

DEMO_SPLITS: dict[str, Literal["public", "heldout"]] = {"demo": "public", "demo-heldout": "heldout"}

# Verdicts on the answer to one pair. Only here are they told with its name: a site's held-out pairs
# have none for those who hand in.
OF_A_PAIR = frozenset(
    {"entry.exception", "entry.not_finite", "entry.pair_timeout", "entry.wrong_shape"}
)


def run_pairs(
    entry: Entry,
    dataset: Dataset,
    pairs: Sequence[Pair],
    scorer: Scorer,
    *,
    limits: Limits | None = None,
    rung: Rung | None = None,
    device: str = "cpu",
    on_box: Callable[[Box], None] | None = None,
    on_pair: Callable[[PairDone], None] | None = None,
) -> ShardResult:
    """Stylise and score ``pairs`` in one box; the box is closed however this ends.

    ``device`` is the entry's. ``on_box`` is handed the box before it starts, for a thread that may
    interrupt it; what ``on_pair`` raises stops the run. Raises ParticipantError ``entry.*``,
    PlatformFault ``sandbox.*`` and OrganiserError ``dataset.no_pairs``.
    """
    from evaluator.ahead import worked_ahead
    from evaluator.decoded import DecodedPictures
    from evaluator.sandbox import Box
    from evaluator.shards import PairDone, ShardResult

    if not pairs:
        raise OrganiserError("dataset.no_pairs", f"The dataset {dataset.name} has no pairs to run.")
    pictures = DecodedPictures(dataset, scorer.protocol.pictures)
    scores: list[PairScore] = []
    seconds: list[float] = []
    box = Box(entry, limits=limits, device=device, rung=rung)
    if on_box is not None:
        on_box(box)
    with box, worked_ahead(pictures.of, pairs) as decoded:
        for index, (given, frame) in enumerate(_stylized(box, decoded)):
            pixels, pair = frame.pixels[0], pairs[index]
            scores.append(scorer.score(dataset, pair, *given, pixels))
            seconds.append(frame.seconds)
            if on_pair is not None:
                on_pair(PairDone(index, len(pairs), pair, pixels, scores[-1], frame.seconds))
        box.finish()
        return ShardResult.of(pairs, scores, seconds, box.usage)


def _stylized(box: Box, decoded: Iterator[Pictures]) -> Iterator[tuple[Pictures, Frame]]:
    """Each pair's pictures with their answer; the box works on the next pair meanwhile."""
    given = next(decoded, None)
    if given is not None:
        box.send(given[0][None], given[1][None])
    while given is not None:
        frame, answered = box.receive(), given
        given = next(decoded, None)
        if given is not None:
            box.send(given[0][None], given[1][None])
        yield answered, frame


def evaluate(
    entry: Path | str,
    dataset: Dataset | Path | str = "demo",
    *,
    protocol: str | None = None,
    device: str = "cpu",
    out: Path | str | None = None,
    rung: Rung | None = None,
    pair_seconds: float | None = None,
    on_pair: Callable[[PairDone], None] | None = None,
    on_painted: Callable[[int, int], None] | None = None,
    on_download: Progress | None = None,
    on_target: Callable[[int, int], None] | None = None,
    on_metric: Callable[[str, int, int], None] | None = None,
    scorer: Scorer | None = None,
) -> Report:
    """Run and score an entry's archive on a dataset: ``"demo"``, ``"demo-heldout"`` or a folder.

    ``device`` (cpu, cuda) is where entry and scorer run; a warm ``scorer`` brings its own and its
    protocol. ``rung`` defaults to the best here, ``pair_seconds`` to a site's. Into ``out`` go the
    results, and what an interrupted run left there counts. Raises StyleArenaError.
    """
    from evaluator.entry import open_entry

    with ExitStack() as closing:
        # Cheap refusals first: nobody should wait for torch to hear of a misspelt name.
        rules = scorer.protocol if scorer else _protocol(protocol)
        require_device(device)
        results = None if out is None else closing.enter_context(ResultsFolder(Path(out)))
        opened = open_entry(Path(entry), _empty_folder(closing))
        data = find_dataset(dataset, on_painted=on_painted)
        scorer = scorer or _scorer(rules, device, on_download)
        scorer.prepare(data, on_target)
        place = (*_confinement(rung, opened.manifest.runtime), device, results, pair_seconds)
        report = _Run(opened, data, scorer, *place).report(on_pair, on_metric)
        if results is not None:
            options = {"--protocol": rules.name, "--device": device, "--pair-seconds": pair_seconds}
            again = command_again("evaluate", Path(entry), dataset, options)
            results.finish(report, data, rules, command=again)
        return report


def _empty_folder(closing: ExitStack) -> Path:
    """A folder for the entry, which the uid of its box may enter, inside one of our own."""
    return Path(closing.enter_context(TemporaryDirectory(prefix="stylearena-entry-"))) / "entry"


@dataclass(frozen=True, slots=True)
class _Run:
    """An entry on a dataset, at a rung with what a reader must know of it, on a device."""

    entry: Entry
    dataset: Dataset
    scorer: Scorer
    rung: Rung
    notice: str
    device: str
    results: ResultsFolder | None
    pair_seconds: float | None

    def report(
        self,
        on_pair: Callable[[PairDone], None] | None,
        on_metric: Callable[[str, int, int], None] | None,
    ) -> Report:
        """Run in one box the pairs that no interrupted run has finished, and conclude."""
        from evaluator.conclusion import RunInfo, conclude

        shards, total = self._finished(), len(self.dataset.pairs)
        there = {shard.pair_ids[0] for shard in shards}
        rest = [pair for pair in self.dataset.pairs if pair.id not in there]
        started = time.monotonic()
        if rest or not shards:
            shards.append(self._judged(rest, on_pair))
        run = RunInfo(
            sandbox_rung=self.rung.value,
            total_seconds=time.monotonic() - started,
            device=self.device,
            notices=(self.notice, _resumption(len(there), total), _patience(self.pair_seconds)),
        )
        about = self.entry.info()
        return conclude(
            shards, self.dataset, self.scorer, entry=about, run=run, on_metric=on_metric
        )

    def _judged(
        self, rest: Sequence[Pair], on_pair: Callable[[PairDone], None] | None
    ) -> ShardResult:
        """The pairs ``rest``, each kept as it is done and told of by its place among all."""
        total, finished = len(self.dataset.pairs), 0

        def tell(done: PairDone) -> None:
            nonlocal finished
            finished = done.index + 1
            if self.results is not None:
                self.results.keep(done)
            if on_pair is not None:
                on_pair(replace(done, index=done.index + total - len(rest), total=total))

        try:
            return run_pairs(
                *(self.entry, self.dataset, rest, self.scorer),
                limits=_limits(len(rest), self.pair_seconds),
                rung=self.rung,
                device=self.device,
                on_pair=tell,
            )
        except ParticipantError as error:
            if error.code not in OF_A_PAIR:
                raise
            raise ParticipantError(error.code, f"{rest[finished].id}: {error}") from error

    def _finished(self) -> list[ShardResult]:
        """The pairs that an interrupted run like this one left in the folder of results."""
        from evaluator.images import decoder_version
        from evaluator.unfinished import identity_of

        if self.results is None:
            return []
        scorer = self.scorer
        identity = identity_of(
            entry=self.entry.info().digest,
            dataset=self.dataset.digest,
            protocol=scorer.protocol.digest(),
            weights=scorer.weights,
            device=f"{self.device}, scored on {scorer.device}",
            rung=self.rung.value,
            torch=scorer.torch_version,
            onnxruntime=scorer.onnxruntime_version,
            decoder=decoder_version(),
        )
        return self.results.finished(identity, self.dataset)


def _resumption(there: int, total: int) -> str:
    if not there:
        return ""
    return (
        f"This run was resumed: {there} of {total} pairs were judged before it was interrupted; "
        "its total time and memory are those of the rest."
    )


def _patience(pair_seconds: float | None) -> str:
    if pair_seconds is None:
        return ""
    return f"The entry was given {pair_seconds:g} seconds for one pair; a site may give it less."


def _confinement(chosen: Rung | None, kind: str) -> tuple[Rung, str]:
    """The rung to run at, and what a reader of the report must know of it."""
    from evaluator.sandbox.rungs import Rung, best_rung

    if chosen is None:
        best = best_rung(kind)
        return best.rung, best.warning
    if chosen is Rung.BUBBLEWRAP:
        return chosen, ""
    return chosen, f"The entry was run in a reduced sandbox ({chosen.value}) by request."


def _protocol(name: str | None) -> Protocol:
    from evaluator.protocols import DEFAULT_PROTOCOL, protocol

    return protocol(name or DEFAULT_PROTOCOL)


def _scorer(protocol: Protocol, device: str, on_download: Progress | None) -> Scorer:
    from evaluator.scoring import Scorer

    return Scorer(protocol, device=device, on_download=on_download)


def require_device(device: str) -> None:
    """Raise ParticipantError ``device.*``; torch is loaded only to ask it about another device."""
    require_device_name(device)
    if device != "cpu":
        from evaluator.backbones.loading import find_device

        find_device(device)


def find_dataset(
    dataset: Dataset | Path | str, *, on_painted: Callable[[int, int], None] | None = None
) -> Dataset:
    """The dataset itself, a demo split by its name, or the folder read.

    The demo is painted on first use, which takes a minute: ``on_painted`` hears (done, in all).
    Raises OrganiserError ``dataset.*`` or PlatformFault ``demo.*``.
    """
    from evaluator.datasets import Dataset, load_dataset

    if isinstance(dataset, Dataset):
        return dataset
    if (split := DEMO_SPLITS.get(str(dataset))) is not None:
        from evaluator.demo import demo_dataset

        return demo_dataset(split, progress=on_painted)
    return load_dataset(Path(dataset))


def _limits(pairs: int, pair_seconds: float | None) -> Limits:
    """The usual limits, with time for as many pairs as there are.

    A site's shard has few pairs; a whole dataset on a laptop may have thousands.
    """
    from evaluator.sandbox import Limits

    usual = Limits() if pair_seconds is None else Limits(pair_seconds=pair_seconds)
    if (every_pair_slow := usual.start_seconds + usual.pair_seconds * pairs) <= usual.wall_seconds:
        return usual
    longer = every_pair_slow / usual.wall_seconds
    return replace(
        usual, wall_seconds=every_pair_slow, cpu_seconds=round(usual.cpu_seconds * longer)
    )
