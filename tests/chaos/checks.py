"""What must be true at the end, whatever happened; what is not is a violation.

A trigger of the database notes each change of an evaluation's state, independently of our code.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from stylearena.judging.models import Evaluation, Rescore, Stage
from stylearena.submissions.models import ACTIVE_STATES, State, Submission
from tests.chaos.entries import KINDS, Kind

__all__ = ["Expected", "Numbers", "numbers", "violations", "watch"]

Numbers = dict[str, Any]

_WATCH = """
    CREATE TABLE chaos_change (evaluation bigint, old text, new text);
    CREATE FUNCTION chaos_note() RETURNS trigger AS $$
    BEGIN
        IF OLD.state IS DISTINCT FROM NEW.state THEN
            INSERT INTO chaos_change VALUES (NEW.id, OLD.state, NEW.state);
        END IF;
        RETURN NEW;
    END $$ LANGUAGE plpgsql;
    CREATE TRIGGER chaos_note AFTER UPDATE ON judging_evaluation
        FOR EACH ROW EXECUTE FUNCTION chaos_note();
"""


@dataclass(frozen=True, slots=True)
class Expected:
    """The numbers of undisturbed runs by the kind of entry: when handed in, and re-scored."""

    judged: dict[str, Numbers]
    rescored: dict[str, Numbers]


def watch() -> None:
    """From now on, every change of an evaluation's state is noted."""
    with connection.cursor() as cursor:
        cursor.execute(_WATCH)


def violations(promised: dict[str, Kind], expected: Expected, rescore: Rescore) -> list[str]:
    """One sentence for each thing that is not as it must be; ``rescore`` has been promoted."""
    submissions = {str(found.pk): found for found in Submission.objects.all()}
    found = [f"{pk} was promised and is lost" for pk in promised if pk not in submissions]
    found += _changed_after_the_end()
    for pk, submission in submissions.items():
        kind = promised.get(pk) or _kind_of(submission)
        wrong = [
            *_wrong(submission, kind, expected),
            *_badly_rescored(submission, kind, expected, rescore),
        ]
        found += [f"{pk} ({kind.name}): {said}" for said in wrong]
    return found


def numbers(evaluation: Evaluation) -> Numbers:
    """All of the published report that entry, dataset and protocol decide."""
    with evaluation.report.open("rb") as file:
        report = json.loads(file.read())
    pairs = [{**pair, "seconds": None} for pair in report["pairs"]]
    kept = ("overall", "refused", "styles", "replicates", "provenance")
    return {"pairs": pairs, **{name: report[name] for name in kept}}


def _wrong(submission: Submission, kind: Kind, expected: Expected) -> Iterator[str]:
    state = State(submission.state)
    cancelled = submission.cancel_requested_at is not None
    if state in ACTIVE_STATES:
        yield f"still {state}"
    elif state == State.CANCELLED and cancelled:
        yield from _wrongly_settled(submission, _price_of_cancelling(submission))
    elif state != kind.state:
        yield f"{state} ({submission.reason_code}), not {kind.state}"
    else:
        yield from _wrongly_settled(submission, kind.settled)
    if any(run.state in ACTIVE_STATES for run in submission.evaluations.all()):
        yield "one of its evaluations has not ended"
    if state == State.SCORED:
        yield from _wrongly_scored(submission, expected.judged[kind.name])


def _price_of_cancelling(submission: Submission) -> str:
    """A full run costs once it has started."""
    started = submission.evaluations.filter(stage=Stage.FULL, started_at__isnull=False)
    return "charged" if started.exists() else "refunded"


def _wrongly_settled(submission: Submission, settled: str) -> Iterator[str]:
    lines = sorted(submission.ledger.values_list("kind", flat=True))
    if lines != sorted(["reserved", settled]):
        yield f"the ledger says {lines}, not reserved and {settled}"


def _wrongly_scored(submission: Submission, expected: Numbers) -> Iterator[str]:
    if numbers(submission.evaluations.get(stage=Stage.FULL, rescore=None)) != expected:
        yield "its numbers are not those of the undisturbed run"
    promoted = submission.evaluations.filter(is_promoted=True).count()
    if promoted != 1:
        yield f"{promoted} of its evaluations stand on the board"


def _badly_rescored(
    submission: Submission, kind: Kind, expected: Expected, rescore: Rescore
) -> Iterator[str]:
    if submission.state != State.SCORED:
        return
    again = submission.evaluations.filter(rescore=rescore).first()
    if again is None or again.state != State.SCORED:
        yield f"its re-score is {again.state if again else 'missing'}"
    elif not again.is_promoted:
        yield "the board does not show the re-score that was promoted"
    elif numbers(again) != expected.rescored[kind.name]:
        yield "its re-scored numbers are not those of the undisturbed re-score"


def _changed_after_the_end() -> Iterator[str]:
    ended = tuple(str(state) for state in State if state not in ACTIVE_STATES)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT evaluation, old, new FROM chaos_change WHERE old = ANY(%s)", [list(ended)]
        )
        for evaluation, old, new in cursor.fetchall():
            yield f"evaluation {evaluation} went from {old} to {new}"
        cursor.execute(
            "SELECT evaluation, count(*) FROM chaos_change WHERE new = 'scored'"
            " GROUP BY evaluation HAVING count(*) > 1"
        )
        for evaluation, times in cursor.fetchall():
            yield f"evaluation {evaluation} was concluded {times} times"


def _kind_of(submission: Submission) -> Kind:
    """A hand-in that was committed though its answer never arrived is told by its file's bytes."""
    with submission.archive.open("rb") as file:
        model = file.read()
    return next(kind for kind in KINDS.values() if kind.model == model)
