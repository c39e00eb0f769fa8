"""Submissions at given points of their way through judging, made by the services themselves."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from evaluator.report import EntryInfo, Provenance, Report, Score, Timings
from stylearena.accounts.models import User
from stylearena.competitions.models import Visibility
from stylearena.judging import services
from stylearena.judging.models import Evaluation, Shard, Stage
from stylearena.submissions import quota
from stylearena.submissions.models import Submission
from tests.web.factories import DatasetFactory, PhaseFactory, SubmissionFactory, UserFactory

WORKER = "worker-1"
LONG_AGO = timedelta(days=3)


def submitted(
    *,
    shard_pairs: int = 4,
    pairs: int = 6,
    visibility: str = Visibility.SCORES,
    participant: User | None = None,
) -> Submission:
    """A submission as intake leaves it: queued, with its quota reserved."""
    phase = PhaseFactory(
        dataset=DatasetFactory(pairs=pairs), shard_pairs=shard_pairs, visibility=visibility
    )
    submission = SubmissionFactory(phase=phase, participant=participant or UserFactory())
    quota.reserve(submission)
    return submission


def begun(**options: object) -> Submission:
    """A submission whose smoke run is queued."""
    submission = submitted(**options)
    services.begin(submission.pk)
    return submission


def smoked(**options: object) -> Submission:
    """A submission that passed its smoke run: the full run's shards are queued."""
    submission = begun(**options)
    assert services.finish(claimed(shards_of(submission, Stage.SMOKE)[0]), transcript="hello")
    return submission


def judged(**options: object) -> Submission:
    """A submission with every shard scored and nothing concluded."""
    submission = smoked(**options)
    for shard in shards_of(submission, Stage.FULL):
        assert services.finish(claimed(shard), b"result")
    return submission


def concluded(submission: Submission, **scores: float) -> bool:
    """Publish a report of the given scores for a judged submission; False if it was refused."""
    lease = services.claim_conclusion(evaluation_of(submission).pk)
    return lease is not None and services.conclude(lease, report(**scores))


def shards_of(submission: Submission, stage: Stage) -> list[Shard]:
    return list(Shard.objects.filter(evaluation__submission=submission, evaluation__stage=stage))


def evaluation_of(submission: Submission, stage: Stage = Stage.FULL) -> Evaluation:
    return submission.evaluations.get(stage=stage)


def claimed(shard: Shard) -> services.Lease:
    lease = services.claim(shard.pk, worker=WORKER)
    assert lease is not None
    return lease


def lapse(held: Shard | Evaluation) -> None:
    """Let a lease run out, as if its worker had been killed."""
    rows = type(held).objects.filter(pk=held.pk, leased_until__isnull=False)
    rows.update(leased_until=timezone.now() - timedelta(seconds=1))


def age(submission: Submission) -> None:
    """Make the submission old enough for the sweeper to wonder."""
    Submission.objects.filter(pk=submission.pk).update(created_at=timezone.now() - LONG_AGO)


def ledger(submission: Submission) -> set[str]:
    return set(submission.ledger.values_list("kind", flat=True))


def report(**scores: float) -> Report:
    """A report with the given overall scores and nothing else to look at."""
    values = scores or {"total_loss": 1.5}
    return Report(
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        entry=EntryInfo(name="Method", digest="0" * 64, runtime="onnx", size_bytes=16),
        provenance=Provenance(
            protocol="untrained-1",
            protocol_digest="0" * 64,
            dataset="dataset",
            dataset_version="1",
            dataset_digest="0" * 64,
            evaluator_version="0",
            weights={},
            sandbox_rung="bubblewrap",
            device="cpu",
            torch_version="2",
            seed=0,
        ),
        overall={
            name: Score(value=value, low=value, high=value, n=6) for name, value in values.items()
        },
        styles=[],
        pairs=[],
        timings=Timings(total_seconds=1, startup_seconds=1, stylize_seconds=1),
    )
