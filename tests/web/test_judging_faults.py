"""What goes wrong on our side is never the entry's fault: tried again, charged to nobody.

The entry, its archive and the worker's code are real; what is broken is what the platform keeps.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from evaluator.sandbox.limits import Usage
from evaluator.shards import ShardResult
from stylearena.judging import services, work
from stylearena.judging.devices import Device
from stylearena.judging.models import Evaluation, Lane, Stage
from stylearena.submissions.models import State, Submission
from tests.web.handing_in import IDENTITY, hand_in
from tests.web.judging_rows import claimed, evaluation_of, ledger, shards_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def submission(tmp_path: Path, settings: Settings) -> Submission:
    """A real entry whose smoke run is over and whose full run is queued."""
    found = hand_in(tmp_path, settings, IDENTITY)
    services.finish(claimed(shards_of(found, Stage.SMOKE)[0]))
    return found


def judged_again(submission: Submission, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    """A worker meets ``fault`` and gives the shard back; nobody pays for it."""
    assert work.judge(Lane.FULL)
    (shard,) = shards_of(submission, Stage.FULL)
    assert (shard.state, shard.faults) == (State.QUEUED, 1)
    assert ledger(submission) == {"reserved"}
    assert f"a fault of ours: {fault}" in caplog.text


def test_a_protocol_that_this_worker_does_not_know(
    submission: Submission, caplog: pytest.LogCaptureFixture
) -> None:
    Evaluation.objects.update(protocol="next-2")
    judged_again(submission, caplog, "protocol.unknown")


def test_a_worker_of_another_version_need_not_know_the_protocol(submission: Submission) -> None:
    running = {"state": State.RUNNING, "evaluator_version": "9.9", "protocol": "next-2"}
    Evaluation.objects.filter(stage=Stage.FULL).update(**running)
    assert not work.judge(Lane.FULL)  # it is that version's
    (shard,) = shards_of(submission, Stage.FULL)
    assert (shard.state, shard.faults) == (State.QUEUED, 0)


@pytest.mark.parametrize("damage", [lambda whole: whole[:100], lambda _: b""])
def test_an_archive_that_was_damaged_in_storage(
    submission: Submission, caplog: pytest.LogCaptureFixture, damage: Callable[[bytes], bytes]
) -> None:
    stored = Path(submission.archive.path)
    stored.write_bytes(damage(stored.read_bytes()))
    judged_again(submission, caplog, "archive.changed")


def test_an_archive_that_intake_took_and_that_no_longer_passes(
    submission: Submission, caplog: pytest.LogCaptureFixture
) -> None:
    """The checks became stricter since, or the phase's limits narrower."""
    type(submission.phase).objects.update(unpacked_bytes=1)
    judged_again(submission, caplog, "entry.archive.unpacked_too_large")


def test_a_device_that_is_no_longer_there(
    submission: Submission, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "this_device", lambda: Device("cuda:99", "GPU", 80 << 30))
    monkeypatch.setattr(work, "_require_healthy_device", lambda: None)
    judged_again(submission, caplog, "device.unavailable")


def scored_with(submission: Submission, value: float) -> Evaluation:
    """The full run with every pair scored: ``value`` each time."""
    ids = tuple(pair.id for pair in work.load(submission.phase.dataset).pairs)
    values = {"content_loss": np.full(len(ids), value)}
    usage = Usage(peak_memory_bytes=None, cpu_seconds=None, startup_seconds=0.0)
    path = Path(submission.archive.path).with_suffix(".npz")
    ShardResult(ids, values, {}, np.ones(len(ids)), usage).save(path)
    (shard,) = shards_of(submission, Stage.FULL)
    services.finish(claimed(shard), path.read_bytes(), rung="bubblewrap", device="cpu")
    return evaluation_of(submission)


def test_a_protocol_that_is_gone_at_the_conclusion(submission: Submission) -> None:
    full = scored_with(submission, 1.0)
    Evaluation.objects.update(protocol="next-2")
    work.conclude(full.pk)
    full.refresh_from_db()
    assert (full.state, full.faults, full.leased_until) == (State.RUNNING, 1, None)
    assert ledger(submission) == {"reserved"}


def test_an_entry_without_finite_scores_fails_at_its_conclusion(submission: Submission) -> None:
    full = scored_with(submission, np.nan)
    work.conclude(full.pk)
    full.refresh_from_db()
    assert (full.state, full.reason_code) == (State.FAILED, "entry.not_finite")
    assert ledger(submission) == {"reserved", "charged"}


def test_a_worker_that_lost_its_conclusion_cannot_fail_it(
    submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, load = scored_with(submission, np.nan), work.load
    leases: list[services.ConclusionLease | None] = []

    def lose_the_lease_and_load(dataset: object) -> object:
        Evaluation.objects.filter(pk=full.pk).update(leased_until=None)
        leases.append(services.claim_conclusion(full.pk))
        return load(dataset)

    monkeypatch.setattr(work, "load", lose_the_lease_and_load)
    work.conclude(full.pk)
    full.refresh_from_db()
    assert (full.state, full.faults) == (State.RUNNING, 0)
    assert leases[0] is not None
    assert services.prolong_conclusion(leases[0])
