"""The cluster that chaos is played on keeps what was committed when it crashes, as a real one does.

Where it does not, a submission that the platform has promised is lost by the test, not by us.
"""

import signal

import psycopg
import pytest

from tests.postgres import Postgres, programs

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed"),
]

CRASHES = 3


def test_what_was_committed_outlives_a_crash() -> None:
    with Postgres() as cluster:
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE promise (number integer)")
        for number in range(CRASHES):
            with psycopg.connect(cluster.url, autocommit=True) as connection:
                connection.execute("INSERT INTO promise VALUES (%s)", [number])
                cluster.stop(signal.SIGQUIT)  # at once: nothing has been flushed in passing
            cluster.start()
        with psycopg.connect(cluster.url) as connection:
            kept = connection.execute("SELECT number FROM promise ORDER BY number").fetchall()
    assert kept == [(number,) for number in range(CRASHES)]
