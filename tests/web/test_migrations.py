"""A database of before there were accounts, lanes and turns is brought to today's shape whole."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

APPS = ("competitions", "submissions", "judging")
BEFORE = [(app, "0001_initial") for app in APPS]
MONDAY, TUESDAY = (datetime(2026, 3, day, 12, tzinfo=UTC) for day in (2, 3))


def migrated(targets: list[tuple[str, str]]) -> Apps:
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


def newest() -> list[tuple[str, str]]:
    return list(MigrationExecutor(connection).loader.graph.leaf_nodes())


@pytest.fixture
def before(transactional_db: None) -> Iterator[Apps]:
    """The models as they were; the newest database is there again afterwards."""
    yield migrated(BEFORE)
    migrated(newest())


def old_phase(apps: Apps, person: Any) -> Any:
    models = {name: apps.get_model("competitions", name) for name in ("Dataset", "Competition")}
    dataset = models["Dataset"].objects.create(
        name="old", version="1", title="Old", digest="0" * 64, folder="old",
        contents=1, styles=1, pairs=4,
    )  # fmt: skip
    competition = models["Competition"].objects.create(slug="old", title="Old", organiser=person)
    return apps.get_model("competitions", "Phase").objects.create(
        competition=competition, slug="one", title="One", dataset=dataset, smoke_dataset=dataset,
        protocol="untrained-1", protocol_digest="0" * 64, per_day=1, at_once=1, in_total=2,
    )  # fmt: skip


def hand_in(apps: Apps, phase: Any, person: Any, at: datetime, settled: str) -> Any:
    submission = apps.get_model("submissions", "Submission").objects.create(
        phase=phase, participant=person, name="Old", archive="a", digest="0" * 64, size_bytes=1
    )
    for kind in filter(None, ("reserved", settled)):
        submission.ledger.create(kind=kind, created_at=at)
    return submission


def cut(apps: Apps, submission: Any, stage: str) -> None:
    evaluation = apps.get_model("judging", "Evaluation").objects.create(
        submission=submission, stage=stage, dataset=submission.phase.dataset, protocol="p",
        protocol_digest="0" * 64, evaluator_version="0", deadline=MONDAY,
    )  # fmt: skip
    evaluation.shards.create(index=0, first=0, stop=2)


def test_an_old_ledger_gets_accounts_and_old_shards_their_lanes(before: Apps) -> None:
    person = before.get_model("accounts", "User").objects.create(username="ada")
    phase = old_phase(before, person)
    first = hand_in(before, phase, person, MONDAY, "charged")
    hand_in(before, phase, person, MONDAY, "refunded")
    hand_in(before, phase, person, TUESDAY, "")
    last = hand_in(before, phase, person, TUESDAY, "")
    cut(before, first, "smoke")
    cut(before, last, "full")

    now = migrated(newest())
    account = now.get_model("submissions", "QuotaAccount").objects.get()
    assert (account.used, account.most_used) == (3, 3)  # more than allowed: it was so
    assert (account.active, account.most_active) == (2, 2)
    assert dict(account.days.values_list("day__day", "used")) == {2: 1, 3: 2}
    lines = now.get_model("submissions", "QuotaEntry").objects
    assert not lines.filter(reason="").exists()
    shards = now.get_model("judging", "Shard").objects.order_by("pk")
    assert list(shards.values_list("lane", "participant")) == [
        ("smoke", person.pk),
        ("full", person.pk),
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        lines.create(submission_id=last.pk, kind="charged", reason="")
