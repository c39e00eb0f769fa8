"""Log records carry the ids of what is worked on, as fields of JSON or at the end of a line."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from stylearena.logs import BoundIds, JsonLines, bound


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a logger of this test's writes as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(BoundIds())
    logger = logging.getLogger("of.this.test")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def test_a_record_inside_the_block_has_the_ids(written: io.StringIO) -> None:
    with bound(submission="s-1", evaluation=4), bound(shard=9):
        logging.getLogger("of.this.test").warning("a %s", "word")
    told = json.loads(written.getvalue())
    assert (told["message"], told["level"], told["logger"]) == ("a word", "WARNING", "of.this.test")
    assert (told["submission_id"], told["evaluation_id"], told["shard_id"]) == ("s-1", "4", "9")


def test_a_record_after_the_block_has_none(written: io.StringIO) -> None:
    with bound(submission="s-1"):
        pass
    logging.getLogger("of.this.test").warning("later")
    assert "submission_id" not in json.loads(written.getvalue())


def test_an_exception_stays_on_its_line(written: io.StringIO) -> None:
    try:
        raise ValueError("broken\nin two")
    except ValueError:
        logging.getLogger("of.this.test").exception("It failed")
    (line,) = written.getvalue().splitlines()
    assert "ValueError: broken" in json.loads(line)["exc_info"]


def test_a_line_for_people_ends_with_the_ids() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "said", (), None)
    with bound(submission="s-1", shard=2):
        BoundIds().filter(record)
    assert logging.Formatter("%(message)s%(ids)s").format(record) == "said submission=s-1 shard=2"
