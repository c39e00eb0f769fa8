"""What a phase allows becomes the limits of a box, and what it demands a worker must have."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from evaluator.errors import PlatformFault
from evaluator.sandbox import Rung
from evaluator.sandbox.limits import Limits, cpu_threads
from evaluator.sandbox.rungs import RungReport
from stylearena.competitions.models import Phase
from stylearena.judging import services, work
from stylearena.judging.bounds import limits_of
from stylearena.judging.devices import Device
from stylearena.judging.models import Lane, Shard
from stylearena.submissions.models import State
from tests.web.factories import PhaseFactory
from tests.web.judging_rows import begun

START = Limits().start_seconds
ENTRY = SimpleNamespace(manifest=SimpleNamespace(runtime="onnx"))
GPU = Device("cuda:0", "GPU", 80 << 30)


def test_every_limit_of_the_phase_reaches_the_box() -> None:
    phase = PhaseFactory.build(
        memory_bytes=1 << 30, scratch_bytes=1 << 20, processes=3, pair_seconds=2.5, wall_seconds=90
    )
    limits = limits_of(phase)
    assert (limits.memory_bytes, limits.scratch_bytes, limits.processes) == (1 << 30, 1 << 20, 3)
    assert (limits.pair_seconds, limits.wall_seconds) == (2.5, 90)


def test_shards_share_the_time_in_all_and_each_may_load_the_entry() -> None:
    phase = PhaseFactory.build(wall_seconds=1000)
    assert limits_of(phase, 0.25).wall_seconds == START + 250
    assert limits_of(phase, 1.0).wall_seconds == 1000


def test_a_long_run_is_not_ended_by_the_usual_processor_time() -> None:
    phase = PhaseFactory.build(wall_seconds=86_400)
    assert limits_of(phase).cpu_seconds == 86_400 * cpu_threads()


@pytest.mark.django_db(transaction=True)
def test_a_worker_with_a_weaker_sandbox_than_demanded_leaves_the_shard_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submission = begun()
    Phase.objects.filter(pk=submission.phase_id).update(sandbox="bubblewrap")
    monkeypatch.setattr(work, "_opened", lambda _evaluation: nullcontext(ENTRY))
    monkeypatch.setattr(work, "load", lambda _dataset: None)
    monkeypatch.setattr(work, "_scorer_of", lambda _evaluation: None)
    monkeypatch.setattr(work, "best_rung", lambda _kind: RungReport(Rung.LANDLOCK, "", {}))

    assert work.judge(Lane.SMOKE)
    shard = Shard.objects.get(evaluation__submission=submission)
    assert (shard.state, shard.faults) == (State.QUEUED, 0)
    assert services.claim_next((Lane.SMOKE,), worker="at once") is None


@pytest.mark.parametrize(
    ("demanded", "here", "runs"),
    [
        ("", Rung.PROCESS, True),
        ("landlock", Rung.UNSHARE, True),
        ("landlock", Rung.LANDLOCK, True),
        ("unshare", Rung.LANDLOCK, False),
        ("bubblewrap", Rung.UNSHARE, False),
    ],
)
def test_a_rung_is_taken_if_it_confines_as_far_as_demanded(
    monkeypatch: pytest.MonkeyPatch, demanded: str, here: Rung, runs: bool
) -> None:
    monkeypatch.setattr(work, "best_rung", lambda _kind: RungReport(here, "", {}))
    if runs:
        assert work._rung("onnx", demanded) is here
        return
    with pytest.raises(work.RetryLater, match=f"demands the sandbox {demanded}"):
        work._rung("onnx", demanded)


@pytest.mark.django_db
def test_a_worker_whose_gpu_is_sick_takes_nothing_more_and_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sick(name: str) -> None:
        raise PlatformFault("device.sick", f"The GPU {name} does not answer: lost.")

    submission = begun()
    monkeypatch.setattr(work, "this_device", lambda: GPU)
    monkeypatch.setattr("evaluator.backbones.loading.require_healthy", sick)
    with pytest.raises(work.WorkerShutdown, match="does not answer"):
        work.judge(Lane.SMOKE)
    assert Shard.objects.get(evaluation__submission=submission).token == 0
