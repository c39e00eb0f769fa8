"""The grown platform's database for a benchmark: PostgreSQL, migrated, with the models at hand."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.postgres import Postgres

__all__ = ["Grown", "quantile", "site_on_postgres"]


class Grown(NamedTuple):
    """Where the site keeps its files, and its database."""

    home: Path
    postgres: Postgres


@contextmanager
def site_on_postgres(**settings: str) -> Iterator[Grown]:
    """Make this process the site on an empty database of its own."""
    with TemporaryDirectory(prefix="stylearena-bench-") as home, Postgres() as postgres:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "stylearena.settings",
            "STYLEARENA_MODE": "test",
            "STYLEARENA_DATABASE_URL": postgres.url,
            "STYLEARENA_DATA_DIR": home,
            **settings,
        }
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0)
        yield Grown(Path(home), postgres)
        connections.close_all()


def quantile(values: list[float], share: float) -> float:
    """The smallest value that ``share`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
