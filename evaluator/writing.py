"""A file system that refuses to be written to, told in a sentence to whoever named the folder."""

from collections.abc import Iterator
from contextlib import contextmanager

from evaluator.errors import StyleArenaError

__all__ = ["writing"]


@contextmanager
def writing(what: str, remedy: str, *, code: str, error: type[StyleArenaError]) -> Iterator[None]:
    """Turn an OSError of the block into ``error`` with ``code``: ``what`` could not be written.

    ``remedy`` is what to do about it, as the second half of the sentence.
    """
    try:
        yield
    except OSError as cause:
        reason = cause.strerror or type(cause).__name__
        where = f" ({cause.filename})" if cause.filename else ""
        raise error(code, f"{what} cannot be written: {reason}{where}; {remedy}.") from cause
