"""The report of an entry does not depend on how its run was cut, nor on a shard that ran twice.

The sandbox, the scorer and the conclusion are the real ones; 96 pairs, so that there is a FID.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files import File
from django.core.files.storage import default_storage
from pytest_django import Settings

from baselines.export import export_method
from baselines.registry import METHODS
from evaluator.compact_specs import COMPACT_MINIMUM
from evaluator.datasets import load_dataset
from stylearena.competitions.models import Dataset
from stylearena.competitions.services import register_dataset
from stylearena.judging import services, work
from stylearena.judging.models import Lane, Stage
from stylearena.judging.pulse import Pulse
from stylearena.submissions.models import Submission
from stylearena.submissions.services import submit
from tests.web.factories import PhaseFactory, UserFactory, write_dataset
from tests.web.judging_rows import evaluation_of, lapse, shards_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PAIRS = COMPACT_MINIMUM
TOLERANCE = 1e-9


class Killed(BaseException):
    """The worker is gone: nothing of it is left to write a verdict."""


@pytest.fixture
def dataset(db: None, settings: Settings) -> Dataset:
    home = write_dataset(Path(settings.DATASETS_DIR) / "tiny", contents=PAIRS // 4, styles=4)
    return register_dataset(load_dataset(home), home, is_public=True)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return export_method(METHODS["reinhard"], tmp_path)


def smoke_passed(archive: Path, dataset: Dataset, *, shards: int) -> Submission:
    """The entry handed in to a phase of its own that cuts its run into that many shards."""
    phase = PhaseFactory(
        dataset=dataset, smoke_dataset=dataset, shard_pairs=-(-PAIRS // shards), visibility="open"
    )
    with archive.open("rb") as file:
        upload = File(file)
        submission = submit(
            phase=phase, participant=UserFactory(), upload=upload, filename=archive.name
        )
    services.begin(submission.pk)
    assert work.judge(Lane.SMOKE)
    assert len(shards_of(submission, Stage.FULL)) == shards
    return submission


def concluded(submission: Submission) -> dict[str, Any]:
    """Judge what is left and conclude; the published report."""
    while work.judge(Lane.FULL):
        pass
    evaluation = evaluation_of(submission)
    work.conclude(evaluation.pk)
    evaluation.refresh_from_db()
    with evaluation.report.open() as file:
        found: dict[str, Any] = json.load(file)
    return found


def pairs_of(report: dict[str, Any]) -> list[tuple[str, dict[str, float]]]:
    return [(pair["pair"], pair["values"]) for pair in report["pairs"]]


def kill_after(monkeypatch: pytest.MonkeyPatch, pairs: int) -> None:
    """Let the worker vanish once in the middle of a shard, after that many of its pairs."""
    beat = Pulse.beat

    def vanish(pulse: Pulse, done: int) -> None:
        beat(pulse, done)
        if done == pairs:
            monkeypatch.setattr(Pulse, "beat", beat)
            raise Killed

    monkeypatch.setattr(Pulse, "beat", vanish)


def assert_same(report: dict[str, Any], expected: dict[str, Any]) -> None:
    """Bit for bit in every pair, and to the tolerance in what is computed of the whole set."""
    assert pairs_of(report) == pairs_of(expected)
    assert report["provenance"] == expected["provenance"]
    assert report["overall"].keys() == expected["overall"].keys()
    for metric, score in expected["overall"].items():
        for part in ("value", "low", "high"):
            assert report["overall"][metric][part] == pytest.approx(
                score[part], rel=TOLERANCE, abs=TOLERANCE
            ), metric


@pytest.mark.django_db(transaction=True)
def test_the_report_is_the_same_for_any_number_of_shards_and_with_one_killed_and_repeated(
    archive: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = concluded(smoke_passed(archive, dataset, shards=1))
    assert len(whole["pairs"]) == PAIRS
    assert "fid" in whole["overall"]
    for shards in (3, 16):
        assert_same(concluded(smoke_passed(archive, dataset, shards=shards)), whole)

    disturbed = smoke_passed(archive, dataset, shards=5)
    kill_after(monkeypatch, pairs=3)
    with pytest.raises(Killed):
        work.judge(Lane.FULL)
    (interrupted,) = [s for s in shards_of(disturbed, Stage.FULL) if s.state == "running"]
    lapse(interrupted)
    assert services.sweep().expired == 1
    assert_same(concluded(disturbed), whole)
    assert sum(shard.faults for shard in shards_of(disturbed, Stage.FULL)) == 1


@pytest.mark.django_db(transaction=True)
def test_rows_and_values_of_a_shard_travel_as_a_file_and_pictures_as_they_are_made(
    archive: Path, dataset: Dataset
) -> None:
    submission = smoke_passed(archive, dataset, shards=2)
    assert work.judge(Lane.FULL)
    first, second = shards_of(submission, Stage.FULL)
    assert default_storage.size(first.result.name) > 0
    assert not second.result
    assert 0 < evaluation_of(submission).gallery.count() < 12
