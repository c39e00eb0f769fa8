"""The board of a large phase on PostgreSQL: how long its first page takes, and how many queries.

Server time: from the request to the rendered answer, in this process, without a network.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.bench.figures import Figure
from tests.bench.grown import quantile, site_on_postgres

if TYPE_CHECKING:
    from stylearena.competitions.models import Phase
    from stylearena.judging.models import Evaluation
    from stylearena.submissions.models import Submission

_METRICS = 20


def measure(*, quick: bool) -> Iterator[Figure]:
    entries, visits = (10_000, 40) if quick else (10_000, 200)
    with site_on_postgres():
        phase = _phase()
        _fill(phase, entries // 10)
        few = _queries(phase)
        _fill(phase, entries - entries // 10)
        many = _queries(phase)
        seconds = _visits(phase, visits)
        anew = [_first_after_a_change(phase) for _ in range(visits // 8)]
    yield Figure.of("board.entries", "entries", [entries])
    yield Figure("board.first-page.median", quantile(seconds, 0.5) * 1e3, "ms", ())
    yield Figure("board.first-page.p95", quantile(seconds, 0.95) * 1e3, "ms", ())
    yield Figure("board.after-a-change.median", quantile(anew, 0.5) * 1e3, "ms", ())
    yield Figure.of("board.first-page.queries", "queries", [many])
    yield Figure.of("board.first-page.queries.tenth", "queries", [few])


def _phase() -> "Phase":
    """Open to all, under a protocol of twenty metrics."""
    from dataclasses import replace

    from evaluator.metrics.catalogue import METRICS
    from evaluator.protocols import MetricSpec, protocol, register_protocol
    from tests.web.board_rows import phase_of

    base = protocol("compact-1")
    names = [spec.name for spec in base.metrics]
    more = [name for name in METRICS if name not in names][: _METRICS - len(names)]
    metrics = (*base.metrics, *(MetricSpec(name, ()) for name in more))
    terms = register_protocol(replace(base, name="bench-board", metrics=metrics))
    assert len(terms.metrics) == _METRICS
    return phase_of(protocol=terms.name, protocol_digest=terms.digest(), ranking_metric=names[0])


def _fill(phase: "Phase", count: int) -> None:
    """So many more people with a scored entry each; values are spread, with some ties."""
    from evaluator.protocols import protocol
    from stylearena.accounts.models import User
    from stylearena.judging.models import Score

    start = User.objects.count()
    evaluations = _judged(phase, _submissions(phase, range(start, start + count)))
    Score.objects.bulk_create(
        (
            Score(evaluation=evaluation, metric=spec.name, value=value, low=value, high=value, n=64)
            for n, evaluation in enumerate(evaluations, start)
            for value in [1.0 + n * 7919 % 9973 / 100]
            for spec in protocol(phase.protocol).metrics
        ),
        batch_size=5000,
    )
    _analyse()


def _submissions(phase: "Phase", numbers: range) -> "list[Submission]":
    from stylearena.accounts.models import User
    from stylearena.submissions.models import State, Submission

    people = User.objects.bulk_create(User(username=f"painter-{n}", password="!") for n in numbers)
    return Submission.objects.bulk_create(
        Submission(
            phase=phase,
            participant=person,
            name=f"Method {n}",
            digest="0" * 64,
            size_bytes=1,
            state=State.SCORED,
            archive="entries/none.onnx",
        )
        for n, person in zip(numbers, people, strict=True)
    )


def _judged(phase: "Phase", submissions: "list[Submission]") -> "list[Evaluation]":
    from django.utils import timezone

    from evaluator.version import __version__
    from stylearena.judging.models import Evaluation, Stage
    from stylearena.submissions.models import State

    now = timezone.now()
    return Evaluation.objects.bulk_create(
        Evaluation(
            submission=submission,
            stage=Stage.FULL,
            dataset=phase.dataset,
            protocol=phase.protocol,
            protocol_digest=phase.protocol_digest,
            evaluator_version=__version__,
            state=State.SCORED,
            is_promoted=True,
            finished_at=now,
            deadline=now,
        )
        for submission in submissions
    )


def _analyse() -> None:
    """As autovacuum does after a while."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _visits(phase: "Phase", count: int, *, warm: bool = True) -> list[float]:
    from django.test import Client

    client, address = Client(), _address(phase)
    if warm:
        client.get(address)  # templates are compiled once a process
    found = []
    for _ in range(count):
        begin = time.perf_counter()
        answer = client.get(address)
        found.append(time.perf_counter() - begin)
        assert answer.status_code == 200
    return found


def _first_after_a_change(phase: "Phase") -> float:
    """An entry was withdrawn: thousands are ranked anew, and the page is drawn anew."""
    from stylearena.submissions.models import Submission
    from stylearena.submissions.standing import withdraw

    entry = Submission.objects.filter(phase=phase, standing="ranked").first()
    assert entry is not None
    withdraw(entry, by=entry.participant)
    return _visits(phase, 1, warm=False)[0]


def _queries(phase: "Phase") -> int:
    """Of a page of which nothing is remembered."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from stylearena.leaderboards import standings

    standings.forget()
    with CaptureQueriesContext(connection) as captured:
        assert Client().get(_address(phase)).status_code == 200
    return len(captured)


def _address(phase: "Phase") -> str:
    return f"/competitions/{phase.competition.slug}/{phase.slug}/leaderboard/"
