"""The pictures of a run are written under its shard's lease: who lost it changes none of them."""

import io
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from PIL import Image

from evaluator.datasets import Pair, load_dataset
from stylearena.judging import services
from stylearena.judging.gallery import Gallery
from stylearena.judging.models import Evaluation, GalleryPicture, Stage
from stylearena.submissions.models import Submission
from tests.web.factories import write_dataset
from tests.web.judging_rows import claimed, evaluation_of, lapse, shards_of, smoked

pytestmark = pytest.mark.django_db
PAIR = Pair(id="content-0__style-0", content="content-0", style="style-0")
DARK, BRIGHT = 10, 240


@pytest.fixture
def submission() -> Submission:
    return smoked(pairs=4)


@pytest.fixture
def full(submission: Submission) -> Evaluation:
    return evaluation_of(submission)


def lease_of(submission: Submission) -> services.Lease:
    """A lease on the only shard; whoever had it before loses it."""
    (shard,) = shards_of(submission, Stage.FULL)
    lapse(shard)
    return claimed(shard)


def keep(full: Evaluation, lease: services.Lease, brightness: int) -> None:
    Gallery(full, lease).keep(PAIR, np.full((8, 8, 3), brightness, np.uint8))


def shown(full: Evaluation) -> int:
    """How bright the picture is that the gallery shows of the pair."""
    with full.gallery.get(pair=PAIR.id).picture.open() as file:
        pixels = np.asarray(Image.open(io.BytesIO(file.read())))
    return int(pixels.mean().round())


def files(full: Evaluation) -> list[str]:
    return [
        f"gallery/{full.pk}/{name}" for name in default_storage.listdir(f"gallery/{full.pk}")[1]
    ]


@pytest.mark.parametrize("is_public", [True, False])
def test_only_pictures_that_are_public_are_kept(
    submission: Submission, full: Evaluation, tmp_path: Path, is_public: bool
) -> None:
    full.dataset.is_public = is_public
    pairs = load_dataset(write_dataset(tmp_path / "tiny"))
    assert bool(Gallery(full, lease_of(submission)).chosen(pairs)) is is_public


def test_a_picture_replaces_the_one_that_an_interrupted_run_left(
    submission: Submission, full: Evaluation
) -> None:
    keep(full, lease_of(submission), DARK)
    keep(full, lease_of(submission), BRIGHT)
    assert shown(full) == BRIGHT
    assert files(full) == [full.gallery.get().picture.name]


def test_a_worker_that_lost_its_lease_leaves_the_picture_of_its_successor(
    submission: Submission, full: Evaluation
) -> None:
    frozen, current = lease_of(submission), lease_of(submission)
    keep(full, frozen, DARK)
    assert not full.gallery.exists()
    keep(full, current, BRIGHT)
    keep(full, frozen, DARK)
    assert shown(full) == BRIGHT
    assert files(full) == [full.gallery.get().picture.name]


def test_no_picture_is_changed_after_the_shard_is_scored(
    submission: Submission, full: Evaluation
) -> None:
    lease = lease_of(submission)
    keep(full, lease, BRIGHT)
    assert services.finish(lease, b"result")
    keep(full, lease, DARK)
    assert shown(full) == BRIGHT


class Killed(BaseException):
    """The worker is gone in the middle of its work."""


@pytest.mark.parametrize("last_act", ["save", "delete"])
def test_a_worker_killed_at_any_moment_leaves_a_picture_that_is_there(
    submission: Submission, full: Evaluation, monkeypatch: pytest.MonkeyPatch, last_act: str
) -> None:
    keep(full, lease_of(submission), DARK)
    act = getattr(FileSystemStorage, last_act)

    def act_and_die(*arguments: object, **options: object) -> None:
        act(*arguments, **options)
        raise Killed

    lease = lease_of(submission)
    monkeypatch.setattr(FileSystemStorage, last_act, act_and_die)
    with pytest.raises(Killed):
        keep(full, lease, BRIGHT)
    assert shown(full) == (DARK if last_act == "save" else BRIGHT)
    assert GalleryPicture.objects.count() == 1
