"""Root may read everything: tests of what may not be read are somebody else for a while."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["as_nobody"]

NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Files that are not the caller's own, and temporary folders, can not be read inside."""
    before = os.geteuid()
    os.seteuid(NOBODY if before == 0 else before)
    try:
        yield
    finally:
        os.seteuid(before)
