"""The closed list of what can go wrong with an entry in a box, and the sentence for each.

Held-out runs show only these sentences: whatever the entry itself says could carry pictures out.
"""

from types import MappingProxyType

from evaluator.entry.wording import one_line
from evaluator.errors import ParticipantError

__all__ = ["LATE", "VERDICTS", "closed_sentence", "verdict"]

# What happened, and what to do about it.
_PARTS = {
    "entry.start_failed": ("The entry could not be loaded", "run 'stylearena check' to see why"),
    "entry.start_timeout": ("The entry took too long to load", "make its start lighter"),
    "entry.pair_timeout": ("The entry took too long for one pair", "make the model faster"),
    "entry.wall_timeout": ("The entry took too long in all", "make the model faster"),
    "entry.cpu_time": ("The entry used up its processor time", "make the model faster"),
    "entry.crashed": ("The entry's process ended before its answer", "it must stay alive"),
    "entry.memory": ("The entry needed more memory than allowed", "make the model smaller"),
    "entry.bad_frame": (
        "The entry touched the judge's pipes",
        "it must leave open files alone that it did not open",
    ),
    "entry.exception": ("The entry raised an exception while stylising a pair", "mend its code"),
    "entry.not_finite": (
        "The entry's output holds NaN or infinite values",
        "every value must be finite",
    ),
    "entry.wrong_shape": (
        "The entry's output has the wrong shape",
        "it must have the N, H and W of the content",
    ),
    "entry.log_flood": ("The entry printed far too much", "remove its debug output"),
}
VERDICTS = MappingProxyType({code: f"{what}; {do}." for code, (what, do) in _PARTS.items()})

# Those by the judge's own clock, which runs on while the judge stands still.
LATE = frozenset({"entry.start_timeout", "entry.pair_timeout", "entry.wall_timeout"})


def closed_sentence(code: str) -> str:
    """The sentence that tells nothing but ``code``; a general one for codes not listed."""
    return VERDICTS.get(code, "The entry could not be judged; run 'stylearena check' to see why.")


def verdict(reason: str, detail: str = "") -> ParticipantError:
    """The error for ``reason`` (without ``entry.``), with a detail for the entry's author."""
    code = f"entry.{reason}"
    said = one_line(detail).rstrip(".")
    return ParticipantError(code, f"{_PARTS[code][0]}: {said}." if said else VERDICTS[code])
