"""Log records that carry the ids of what is being worked on, as JSON or as a line.

``with bound(submission=…, evaluation=…):`` adds the ids to every record written inside, whichever
module writes it, in the same thread.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

__all__ = ["BoundIds", "JsonLines", "bound"]

_NOTHING: Mapping[str, str] = MappingProxyType({})
_ids: ContextVar[Mapping[str, str]] = ContextVar("ids", default=_NOTHING)


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Add ``ids`` to the records of this block."""
    token = _ids.set({**_ids.get(), **{name: str(value) for name, value in ids.items()}})
    try:
        yield
    finally:
        _ids.reset(token)


class BoundIds(logging.Filter):
    """Gives each record the ids: as attributes for JSON, and as ``ids`` for a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        ids = _ids.get()
        for name, value in ids.items():
            setattr(record, f"{name}_id", value)
        record.ids = "".join(f" {name}={value}" for name, value in ids.items())
        return True


class JsonLines(JsonFormatter):
    """One JSON object a line: time, level, logger, message, process, and the ids."""

    def __init__(self) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message", "process"],
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            reserved_attrs=[*RESERVED_ATTRS, "ids"],
        )
