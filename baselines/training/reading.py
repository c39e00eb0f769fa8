"""A file that may not be read, told in a sentence: it may be whole, and nobody should remove it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluator.errors import ParticipantError

__all__ = ["reading"]


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn an OSError of the block, which reads ``path``, into ParticipantError."""
    try:
        yield
    except OSError as cause:
        reason = cause.strerror or str(cause)  # libraries raise it without an error number
        raise ParticipantError(
            "baseline.unreadable",
            f"{path} cannot be read: {reason}; see to it that it can, or name another folder by "
            "--runs.",
        ) from cause
