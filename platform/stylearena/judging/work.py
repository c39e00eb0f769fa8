"""What a worker does with a shard and with a finished evaluation; torch is loaded here alone.

The scorer stays warm between jobs. Whatever happens ends in exactly one verdict: the entry's
failure, a fault of ours, a shard handed back, or a result.
"""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache, partial
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING

from celery.exceptions import WorkerShutdown
from django.db.models import QuerySet
from django.db.models.fields.files import FieldFile

from evaluator.datasets import Dataset, Pair
from evaluator.entry import ArchiveLimits, Entry, digest_of, open_entry
from evaluator.errors import OrganiserError, ParticipantError, PlatformFault, RetryLater
from evaluator.protocols import protocol as find_protocol
from evaluator.report import EntryInfo, Report
from evaluator.sandbox import Limits, Rung
from evaluator.sandbox.rungs import best_rung, warning_of, weakest
from evaluator.sandbox.verdicts import VERDICTS
from evaluator.version import __version__ as evaluator_version
from stylearena.competitions.services import load
from stylearena.judging import messages, services
from stylearena.judging.bounds import limits_of
from stylearena.judging.devices import this_device, worker_name
from stylearena.judging.gallery import Gallery
from stylearena.judging.models import Evaluation, Lane, Stage
from stylearena.judging.pulse import CANCELLED, Pulse, worker_is_stopping
from stylearena.judging.services import Beat, ConclusionLease, Lease
from stylearena.judging.smoke import run_smoke
from stylearena.logs import bound

if TYPE_CHECKING:
    from evaluator.scoring import Scorer

__all__ = ["conclude", "judge", "judge_on"]

log = logging.getLogger(__name__)

_UNEXPECTED = "platform.unexpected"
_OTHER_VERSION, _TOO_WEAK = "evaluator.changed", "sandbox.too_weak"
_NOT_OURS = frozenset({_OTHER_VERSION, _TOO_WEAK})  # work that other workers can do
_NOT_OURS_PAUSE = 30.0
_IN_A_ROW = 16  # shards, before a worker looks at the broker again in any case


def judge_on(*lanes: Lane) -> None:
    """``judge``, and then whatever is ready in any lane for as long as no message waits.

    A worker that has no room for what a hint is about has used it up; the work is there still.
    """
    for _ in range(_IN_A_ROW):
        if not judge(*lanes) or worker_is_stopping() or messages.waiting(*messages.QUEUES):
            return
        lanes = tuple(Lane)


def judge(*lanes: Lane) -> bool:
    """Claim the next shard of the first of ``lanes`` that has one, and run it; False if none has.

    What this device has no room for is left to others. The shard's result or its verdict is written
    under the lease's token.
    """
    _require_healthy_device()
    lease = services.claim_next(lanes, worker=worker_name(), room=this_device().room)
    if lease is None:
        log.info("Nothing is ready for lanes %s", ", ".join(lanes))
        return False
    with bound(
        submission=lease.submission_id, evaluation=lease.evaluation_id, shard=lease.shard_id
    ):
        log.info("Judging pairs %s to %s (%s run)", lease.first, lease.stop, lease.stage)
        _judge(lease)
    return True


def _require_healthy_device() -> None:
    """A worker whose GPU is sick takes nothing more: it ends, and who started it looks at it."""
    if not this_device().is_gpu:
        return
    from evaluator.backbones.loading import require_healthy

    try:
        require_healthy(this_device().name)
    except PlatformFault as fault:
        log.critical("The worker ends: %s", fault)
        raise WorkerShutdown(str(fault)) from fault


def _judge(lease: Lease) -> None:
    transcript: list[str] = []
    try:
        with _verdicts_only():
            _run(lease, transcript)
    except ParticipantError as error:
        services.fail(lease, error.code, str(error), "".join(transcript))
    except RetryLater as pause:
        if pause.code == CANCELLED:
            services.cancel(lease)
        else:
            services.release(lease, pause=_pause_of(pause))
    except (OrganiserError, PlatformFault) as fault:
        log.error("Shard %s: %s", lease.shard_id, fault)
        services.release(lease, fault=fault.code)
    except Exception:
        services.release(lease, fault=_UNEXPECTED)
        raise


def conclude(evaluation_id: int) -> None:
    """Put the shards of a full run together; does nothing unless they are all there.

    Shards that another version scored are left to it or, if it is gone, judged anew.
    """
    evaluation = _evaluations().filter(pk=evaluation_id).first()
    if evaluation is None:
        return
    if not services.is_ours(evaluation):
        services.take_over(evaluation)
        return
    lease = services.claim_conclusion(evaluation_id)
    if lease is None:
        log.info("The conclusion of evaluation %s is not to be had", evaluation_id)
        return
    with bound(submission=evaluation.submission_id, evaluation=evaluation_id):
        _conclude(lease, evaluation)


def _conclude(lease: ConclusionLease, evaluation: Evaluation) -> None:
    try:
        with Pulse(partial(_prolong, lease)), _verdicts_only():
            report = _report(evaluation)
        services.conclude(lease, report)
    except ParticipantError as error:
        services.fail_conclusion(lease, error.code, str(error))
    except RetryLater as pause:
        services.release_conclusion(lease, pause=_pause_of(pause))
    except (OrganiserError, PlatformFault) as fault:
        log.error("Conclusion of %s: %s", evaluation.pk, fault)
        services.fault(lease, fault.code)
    except Exception:
        services.fault(lease, _UNEXPECTED)
        raise


@contextmanager
def _verdicts_only() -> Iterator[None]:
    """A ParticipantError that is no verdict on what the entry did is a fault of ours.

    The evaluator blames its caller for an unknown protocol, a device that is not there or an
    archive that does not open; here the caller is us, and intake has opened this very archive.
    """
    try:
        yield
    except ParticipantError as error:
        if error.code in VERDICTS:
            raise
        raise PlatformFault(error.code, str(error)) from error


def _prolong(lease: ConclusionLease, *, done: int) -> Beat:
    """The heartbeat of a conclusion, which counts nothing and is not cancelled."""
    return Beat(alive=services.prolong_conclusion(lease), cancelled=False)


def _pause_of(pause: RetryLater) -> float:
    """What this worker must not do is left for a while in which another can take it."""
    return _NOT_OURS_PAUSE if pause.code in _NOT_OURS else 0.0


def _run(lease: Lease, transcript: list[str]) -> None:
    evaluation = _evaluations().get(pk=lease.evaluation_id)
    phase, share = evaluation.submission.phase, 1.0
    if lease.stage == Stage.FULL:
        share = (lease.stop - lease.first) / evaluation.dataset.pairs
    limits = limits_of(phase, share)
    # The heart beats before anything is loaded: weights to be fetched may outlast a lease.
    with (
        Pulse(partial(services.heartbeat, lease)) as pulse,
        # Before anything is fetched: what is not this worker's costs it nothing.
        nullcontext(_scorer_of(evaluation)) as scorer,
        _opened(evaluation) as entry,
    ):
        dataset = load(evaluation.dataset)
        rung = _rung(entry.manifest.runtime, phase.sandbox)
        scorer.prepare(dataset)
        with pulse.watching():
            if lease.stage == Stage.SMOKE:
                pairs = dataset.smoke_pairs(lease.stop)
                run_smoke(entry, dataset, pairs, scorer, limits, rung, pulse, transcript)
                result = b""
            else:
                pairs, gallery = dataset.pairs[lease.first : lease.stop], Gallery(evaluation, lease)
                result = _score(entry, dataset, pairs, scorer, limits, rung, pulse, gallery)
    services.finish(
        lease,
        result,
        transcript="".join(transcript),
        rung=rung.value,
        device=this_device().name,
    )


def _score(
    entry: Entry,
    dataset: Dataset,
    pairs: Sequence[Pair],
    scorer: "Scorer",
    limits: Limits,
    rung: Rung,
    pulse: Pulse,
    gallery: Gallery,
) -> bytes:
    """Run and score the shard's pairs; the saved ShardResult."""
    from evaluator.evaluate import run_pairs
    from evaluator.shards import PairDone

    wanted = gallery.chosen(dataset)

    def on_pair(done: PairDone) -> None:
        pulse.beat(done.index + 1)
        if done.pair.id in wanted:
            gallery.keep(done.pair, done.pixels)

    result = run_pairs(
        entry,
        dataset,
        pairs,
        scorer,
        limits=limits,
        rung=rung,
        device=this_device().name,
        on_box=lambda box: pulse.guard(box.interrupt),
        on_pair=on_pair,
    )
    with tempfile.TemporaryDirectory(prefix="stylearena-shard-") as folder:
        path = Path(folder) / "shard.npz"
        result.save(path)
        return path.read_bytes()


def _report(evaluation: Evaluation) -> Report:
    """The conclusion of all shards, computed by the code that the command line uses too."""
    from evaluator.conclusion import RunInfo
    from evaluator.conclusion import conclude as put_together
    from evaluator.shards import ShardResult

    scorer = _scorer_of(evaluation)  # before anything is fetched
    shards = list(evaluation.shards.order_by("index"))
    with tempfile.TemporaryDirectory(prefix="stylearena-shards-") as folder:
        results = [
            ShardResult.load(_fetched(shard.result, Path(folder) / f"{shard.index}.npz"))
            for shard in shards
        ]
    spans = [(shard.started_at, shard.finished_at) for shard in shards]
    rung = weakest(Rung(shard.sandbox_rung) for shard in shards)
    run = RunInfo(
        sandbox_rung=rung.value,
        total_seconds=sum((end - start).total_seconds() for start, end in spans if start and end),
        device=", ".join(sorted({shard.device for shard in shards})),
        notices=(warning_of(rung),),
    )
    return put_together(
        results,
        load(evaluation.dataset),
        scorer,
        entry=EntryInfo.model_validate(evaluation.submission.info),
        run=run,
    )


def _evaluations() -> QuerySet[Evaluation]:
    return Evaluation.objects.select_related("dataset", "submission__phase")


def _scorer_of(evaluation: Evaluation) -> "Scorer":
    """The warm scorer; PlatformFault if this worker would give numbers of another provenance."""
    if evaluation.evaluator_version != evaluator_version:
        raise RetryLater(
            _OTHER_VERSION,
            f"This worker has evaluator {evaluator_version}, the evaluation was begun under "
            f"{evaluation.evaluator_version}; a worker of that version must finish it.",
        )
    protocol = find_protocol(evaluation.protocol)
    if protocol.digest() != evaluation.protocol_digest:
        raise PlatformFault(
            "protocol.changed",
            f"The protocol {protocol.name} is not the one that the phase was opened with; judge it "
            "with the version of StyleArena that it was opened with.",
        )
    return _warm_scorer(evaluation.protocol, this_device().name)


@lru_cache(maxsize=2)
def _warm_scorer(protocol: str, device: str) -> "Scorer":
    from evaluator.scoring import Scorer

    return Scorer(find_protocol(protocol), device=device)


def _rung(kind: str, demanded: str) -> Rung:
    """How entries of ``kind`` ("onnx" or "python") are confined here, as far as is ``demanded``."""
    rung = best_rung(kind).rung
    if demanded and not rung.meets(Rung(demanded)):
        raise RetryLater(
            _TOO_WEAK,
            f"The phase demands the sandbox {demanded}; this worker has {rung}, another must do.",
        )
    return rung


@contextmanager
def _opened(evaluation: Evaluation) -> Iterator[Entry]:
    """The entry, unpacked again from the archive that was handed in."""
    submission = evaluation.submission
    phase = submission.phase
    limits = ArchiveLimits(archive_bytes=phase.archive_bytes, unpacked_bytes=phase.unpacked_bytes)
    with tempfile.TemporaryDirectory(prefix="stylearena-entry-") as folder:
        name = Path(submission.archive.name or "").name
        archive = _fetched(submission.archive, Path(folder) / name)
        if digest_of(archive) != submission.digest:
            raise PlatformFault(
                "archive.changed",
                f"The archive of submission {submission.pk} is not what was handed in; restore it.",
            )
        into = Path(folder) / "entry"
        into.mkdir()
        yield open_entry(archive, into, limits)


def _fetched(stored: FieldFile, path: Path) -> Path:
    """A local copy of a stored file, which may lie in an object store."""
    try:
        with stored.open("rb") as source, path.open("wb") as copy:
            copyfileobj(source, copy)
    except OSError as error:
        raise PlatformFault("storage.unreadable", f"{stored.name} cannot be read.") from error
    return path
