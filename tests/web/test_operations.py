"""What operators see: who works on what, what waits, what failed; and who may look."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from stylearena.accounts.models import User
from stylearena.judging import devices, services
from stylearena.judging.models import Stage
from stylearena.operations import presence, queries
from stylearena.operations.models import WorkerProcess
from stylearena.operations.spans import in_words
from tests.web.judging_rows import LONG_AGO, begun, claimed, shards_of

pytestmark = pytest.mark.django_db
TOKEN = "a-long-scraping-token"


def test_a_lease_and_its_worker_are_shown_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "name_of_this_worker", lambda: "worker-1")
    presence.announce()
    submission = begun()
    lease = claimed(shards_of(submission, Stage.SMOKE)[0])
    services.heartbeat(lease, done=1)
    (worker,) = queries.status().workers
    assert worker.alive
    assert worker.lease is not None
    assert (worker.lease.submission, worker.lease.done) == (str(submission.pk), 1)
    assert 0 < worker.lease.seconds_left <= 60


def test_what_waits_is_counted_with_the_age_of_the_first() -> None:
    for _ in range(2):
        begun()
    smoke, full, rescores = queries.status().queues
    assert rescores.shards == 0
    assert (smoke.lane, smoke.shards, smoke.pairs, full.shards) == ("smoke", 2, 4, 0)
    assert 0 <= smoke.oldest_seconds < 60


def test_a_worker_that_is_not_heard_of_is_gone_and_in_the_end_forgotten() -> None:
    presence.announce()
    WorkerProcess.objects.update(seen_at=WorkerProcess.objects.get().seen_at - LONG_AGO)
    assert [worker.alive for worker in queries.status().workers] == [False]
    WorkerProcess.objects.update(name="another")
    presence.announce()
    assert [worker.name for worker in queries.status().workers] == [devices.worker_name()]


def test_a_worker_that_goes_in_order_leaves_no_row() -> None:
    presence.announce()
    presence.withdraw()
    assert queries.status().workers == []


def test_failures_are_counted_by_their_codes() -> None:
    for code in ("entry.memory", "entry.memory", "entry.crashed"):
        lease = claimed(shards_of(begun(), Stage.SMOKE)[0])
        services.fail(lease, code, "It failed.")
    found = [(f.state, f.code, f.count) for f in queries.status().failures]
    assert found == [("failed", "entry.memory", 2), ("failed", "entry.crashed", 1)]


def test_the_number_of_queries_does_not_grow(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(3):
        claimed(shards_of(begun(), Stage.SMOKE)[0])
    with django_assert_num_queries(7):
        queries.status()


def test_the_page_is_for_staff_alone(client: Client, participant: User, organiser: User) -> None:
    assert client.get("/operations/").status_code == 302
    client.force_login(participant)
    assert client.get("/operations/").status_code == 302
    client.force_login(organiser)
    lease = claimed(shards_of(begun(), Stage.SMOKE)[0])
    page = client.get("/operations/")
    assert page.status_code == 200
    assert f"/admin/judging/evaluation/{lease.evaluation_id}/change/" in page.content.decode()


def test_htmx_gets_the_tables_alone(client: Client, organiser: User) -> None:
    client.force_login(organiser)
    part = client.get("/operations/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<div")


@pytest.mark.parametrize("given", ["", "Bearer wrong", f"Basic {TOKEN}"])
def test_metrics_are_hidden_without_the_token(
    client: Client, settings: Settings, given: str
) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


def test_without_a_configured_token_no_token_opens_the_metrics(
    client: Client, settings: Settings
) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_metrics_tell_of_queues_workers_and_requests(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    presence.announce()
    begun()
    claimed(shards_of(begun(), Stage.SMOKE)[0])
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    for line in (
        'stylearena_queued_shards{lane="smoke"} 1.0',
        'stylearena_workers{device="cpu"} 1.0',
        "stylearena_leases 1.0",
        "stylearena_leases_expired 0.0",
    ):
        assert line in text.splitlines()
    assert "django_http_requests_total_by_method_total" in text


def test_the_command_tells_programs_the_same_as_people() -> None:
    presence.announce()
    lease = claimed(shards_of(begun(), Stage.SMOKE)[0])
    out, text = StringIO(), StringIO()
    call_command("status", "--json", stdout=out)
    (told,) = json.loads(out.getvalue())["leases"]
    assert told["shard"] == lease.shard_id
    call_command("status", stdout=text)
    for title in ("Submissions", "Queues", "Workers", "Leases", "Failures of the last 24 hours"):
        assert title in text.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3.2, "3 s"), (125, "2 min 5 s"), (3840, "1 h 4 min"), (-7, "-7 s"), (0.2, "0 s")],
)
def test_spans_are_told_in_two_units(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
