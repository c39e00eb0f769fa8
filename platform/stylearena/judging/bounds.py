"""What a phase allows an entry, as the limits of one box."""

from dataclasses import replace
from math import ceil

from evaluator.sandbox import Limits
from evaluator.sandbox.limits import cpu_threads
from stylearena.competitions.models import Phase

__all__ = ["limits_of"]


def limits_of(phase: Phase, share: float = 1.0) -> Limits:
    """The limits of a box that judges ``share`` (0 to 1) of the phase's pairs.

    The time in all is the whole run's: a shard has its share of it, besides the time to load the
    entry, so that the number of shards gives nobody more.
    """
    usual = Limits()
    wall = min(phase.wall_seconds, usual.start_seconds + phase.wall_seconds * share)
    return replace(
        usual,
        memory_bytes=phase.memory_bytes,
        processes=phase.processes,
        scratch_bytes=phase.scratch_bytes,
        pair_seconds=phase.pair_seconds,
        wall_seconds=wall,
        cpu_seconds=max(usual.cpu_seconds, ceil(wall * cpu_threads())),
    )
