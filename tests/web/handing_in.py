"""Real entries, handed in through intake to a phase on real pictures, and judged by a worker."""

import zipfile
from pathlib import Path

from django.core.files import File
from pytest_django import Settings

from evaluator.datasets import load_dataset
from stylearena.competitions.services import register_dataset
from stylearena.judging import services, work
from stylearena.judging.models import Lane, Stage
from stylearena.submissions.models import Submission
from stylearena.submissions.services import submit
from tests.web.factories import PhaseFactory, UserFactory, write_dataset
from tests.web.judging_rows import shards_of

IDENTITY = """
def load(device):
    print("loaded on", device)
    return lambda content, style: content
"""


def hand_in(folder: Path, settings: Settings, source: str, **phase: object) -> Submission:
    """Hand in a Python entry through intake, to a phase on a real dataset of six pairs."""
    archive = folder / "entry.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("entry.toml", 'name = "Mine"\nruntime = "python"\nentry = "mine:load"\n')
        file.writestr("mine.py", source)
    home = write_dataset(Path(settings.DATASETS_DIR) / "tiny")
    dataset = register_dataset(load_dataset(home), home, is_public=True)
    with archive.open("rb") as upload:
        submission = submit(
            phase=PhaseFactory(dataset=dataset, smoke_dataset=dataset, **phase),
            participant=UserFactory(),
            upload=File(upload),
            filename="entry.zip",
        )
    services.begin(submission.pk)
    return submission


def judge_all(submission: Submission, stage: Stage) -> None:
    for _ in shards_of(submission, stage):
        assert work.judge(Lane(stage))
