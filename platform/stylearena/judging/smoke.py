"""The smoke run: two public pairs, one after the other, with all that the entry prints kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evaluator.datasets import Dataset, Pair
from evaluator.entry import Entry
from evaluator.images import decode
from evaluator.sandbox import Box, Limits, Rung
from stylearena.judging.devices import this_device
from stylearena.judging.pulse import Pulse

if TYPE_CHECKING:
    from evaluator.scoring import Scorer

__all__ = ["run_smoke"]


def run_smoke(
    entry: Entry,
    dataset: Dataset,
    pairs: Sequence[Pair],
    scorer: "Scorer",
    limits: Limits,
    rung: Rung,
    pulse: Pulse,
    transcript: list[str],
) -> None:
    """Stylise and score ``pairs``; what the entry printed is put on ``transcript``, come what may.

    Raises ParticipantError ``entry.*``, PlatformFault ``sandbox.*`` and the pulse's RetryLater.
    """
    policy = scorer.protocol.pictures
    box = Box(entry, limits=limits, device=this_device().name, rung=rung)
    pulse.guard(box.interrupt)
    try:
        with box:
            for index, pair in enumerate(pairs):
                content = decode(dataset.content.by_id(pair.content).path, policy)
                style = decode(dataset.style.by_id(pair.style).path, policy)
                frame = box.stylize(content[None], style[None])
                scorer.score(dataset, pair, content, style, frame.pixels[0])
                pulse.beat(index + 1)
            box.finish()
    finally:
        transcript.append(box.log)
