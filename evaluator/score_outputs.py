"""Scoring pictures that somebody already made: one for each pair in a folder, by its name.

The numbers are those of ``evaluate`` for the same pictures; nothing is run, so that how they were
made, and how fast, is not known. Everything that can be refused is refused before torch is loaded.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.ahead import worked_ahead
from evaluator.decoded import DecodedPictures
from evaluator.errors import ParticipantError
from evaluator.evaluate import find_dataset, require_device
from evaluator.images import PicturePolicy, decode, decoded_size, size_of
from evaluator.output_files import output_files, require_folder
from evaluator.protocols import DEFAULT_PROTOCOL, protocol
from evaluator.report import EntryInfo, Report
from evaluator.rerun import command_again
from evaluator.results import ResultsFolder
from evaluator.shards import PairDone, ShardResult

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evaluator.backbones.download import Progress
    from evaluator.datasets import Dataset, Pair
    from evaluator.protocols import Protocol
    from evaluator.scoring import Scorer
    from evaluator.shards import PairScore

    Pixels = NDArray[np.uint8]

__all__ = ["score_outputs"]

Files = Mapping[str, Path]
Listener = Callable[[PairDone], None]

UNSEEN = "These pictures were handed in ready-made: how they were made was not seen."

# Outputs are compared as they are: only damaged files are refused by the decoder.
AS_IT_IS = PicturePolicy(size=None, min_side=1)


def score_outputs(
    outputs: Path | str,
    dataset: Dataset | Path | str = "demo",
    *,
    name: str | None = None,
    protocol_name: str | None = None,
    device: str = "cpu",
    out: Path | str | None = None,
    on_pair: Listener | None = None,
    on_painted: Callable[[int, int], None] | None = None,
    on_download: Progress | None = None,
    on_target: Callable[[int, int], None] | None = None,
    on_metric: Callable[[str, int, int], None] | None = None,
    scorer: Scorer | None = None,
) -> Report:
    """Score the folder ``outputs`` on a dataset, as ``evaluate`` does what an entry makes.

    ``outputs`` holds ``PAIR.png``, or another kind of picture, for each pair of the dataset, or is
    a folder that ``evaluate`` wrote. Raises ParticipantError ``outputs.*``, ``out.foreign`` where
    results would replace the pictures, OrganiserError ``picture.*``, and what ``evaluate`` raises.
    """
    rules = scorer.protocol if scorer else protocol(protocol_name or DEFAULT_PROTOCOL)
    require_device(device)
    require_folder(Path(outputs))
    data = find_dataset(dataset, on_painted=on_painted)
    files = output_files(Path(outputs), data)
    _require_apart(files, out)
    _require_sizes(files, data, rules.pictures)
    with ExitStack() as closing:
        results = closing.enter_context(ResultsFolder(Path(out))) if out is not None else None
        scorer = scorer or _scorer(rules, device, on_download)
        listeners = [listen for listen in (results and results.keep, on_pair) if listen]
        scorer.prepare(data, on_target)
        called = name or Path(outputs).resolve().name
        report = _judge(*(files, data, scorer, called, listeners), on_metric=on_metric)
        if results is not None:
            options = {"--protocol": rules.name, "--device": device, "--name": name}
            command = command_again("score", Path(outputs), dataset, options)
            results.finish(report, data, rules, command=command)
    return report


def _require_apart(files: Files, out: Path | str | None) -> None:
    folder = next(iter(files.values())).parent
    if out is not None and folder.resolve() == (Path(out) / "outputs").resolve():
        raise ParticipantError(
            "out.foreign",
            f"The pictures to be scored lie in {folder}, which the results would replace; name "
            "another folder with --out.",
        )


def _require_sizes(files: Files, dataset: Dataset, policy: PicturePolicy) -> None:
    """By headers; only a picture that seems to be of another size is decoded: EXIF may turn it."""
    native = replace(policy, size=None, min_side=1)
    expected = {picture.id: decoded_size(picture.path, policy) for picture in dataset.content}
    for pair in dataset.pairs:
        found, wanted = size_of(files[pair.id]), expected[pair.content]
        if found != wanted:
            found = decoded_size(files[pair.id], native)
        if found != wanted:
            raise _wrong_size(files[pair.id].name, found, wanted)


def _wrong_size(name: str, found: tuple[int, int], wanted: tuple[int, int]) -> ParticipantError:
    return ParticipantError(
        "outputs.wrong_size",
        f"{name} is {found[0]}×{found[1]}, but its content picture is {wanted[0]}×{wanted[1]} "
        "under this protocol; make outputs of that size, since resizing them here would change "
        "what is scored.",
    )


def _judge(
    files: Files,
    dataset: Dataset,
    scorer: Scorer,
    name: str,
    listeners: Sequence[Listener],
    *,
    on_metric: Callable[[str, int, int], None] | None,
) -> Report:
    from evaluator.conclusion import RunInfo, conclude
    from evaluator.sandbox.limits import Usage

    started = time.monotonic()
    scores: list[PairScore] = []
    for done in _scored(files, dataset, scorer):
        scores.append(done.score)
        for listen in listeners:
            listen(done)
    shard = ShardResult.of(dataset.pairs, scores, [0.0] * len(scores), Usage(None, None, 0.0))
    run = RunInfo("none", time.monotonic() - started, str(scorer.device), (UNSEEN,))
    entry = _entry(files, dataset, name)
    return conclude([shard], dataset, scorer, entry=entry, run=run, on_metric=on_metric)


def _scored(files: Files, dataset: Dataset, scorer: Scorer) -> Iterator[PairDone]:
    """The pairs in order; their pictures are decoded while those before are scored."""
    from evaluator.scoring import Seen

    pictures = DecodedPictures(dataset, scorer.protocol.pictures)

    def decoded(pair: Pair) -> Seen:
        path = files[pair.id]
        (content, style), output = pictures.of(pair), decode(path, AS_IT_IS, name=path.name)
        (high, wide, _), (wanted_high, wanted_wide, _) = output.shape, content.shape
        if (wide, high) != (wanted_wide, wanted_high):  # EXIF turned what its header said
            raise _wrong_size(path.name, (wide, high), (wanted_wide, wanted_high))
        return Seen(pair, content, style, output)

    with worked_ahead(decoded, dataset.pairs) as ahead:
        for index, (seen, score) in enumerate(scorer.scored(dataset, ahead)):
            yield PairDone(index, len(dataset.pairs), seen.pair, seen.output, score, 0.0)


def _entry(files: Files, dataset: Dataset, name: str) -> EntryInfo:
    """The card of a folder: its digest is that of the pictures, by the names of their pairs."""
    digest, total = hashlib.sha256(), 0
    for pair in dataset.pairs:
        content = files[pair.id].read_bytes()
        digest.update(f"{pair.id} {hashlib.sha256(content).hexdigest()}\n".encode())
        total += len(content)
    return EntryInfo(name=name, digest=digest.hexdigest(), runtime="pictures", size_bytes=total)


def _scorer(rules: Protocol, device: str, on_download: Progress | None) -> Scorer:
    from evaluator.scoring import Scorer

    return Scorer(rules, device=device, on_download=on_download)
