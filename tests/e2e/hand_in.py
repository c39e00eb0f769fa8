"""``python -m tests.e2e.hand_in ARCHIVE NAME …``: hand an entry in as each NAME; prints the ids.

The first call makes the competition: by default six contents, four styles, shards of six pairs.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from stylearena.competitions.models import Phase


def main(archive: Path, names: list[str], *, dataset: Path | None, shard_pairs: int) -> None:
    """Hand in through the service that the form uses."""
    django.setup()
    from django.core.files import File

    from stylearena.competitions.models import Phase
    from stylearena.submissions.services import submit
    from tests.web.factories import UserFactory

    phase = Phase.objects.first() or _open_phase(dataset, shard_pairs)
    ids = []
    for name in names:
        with archive.open("rb") as file:
            submission = submit(
                phase=phase,
                participant=UserFactory(username=name),
                upload=File(file),
                filename=archive.name,
            )
        ids.append(submission.id.hex)
    sys.stdout.write(" ".join(ids))


def _open_phase(folder: Path | None, shard_pairs: int) -> "Phase":
    """A public phase on the dataset in ``folder``."""
    from django.conf import settings

    from evaluator.datasets import load_dataset
    from stylearena.competitions.services import register_dataset
    from tests.web.factories import PhaseFactory, write_dataset

    folder = folder or write_dataset(settings.DATASETS_DIR / "tiny", contents=6, styles=4)
    dataset = register_dataset(load_dataset(folder), folder, is_public=True)
    return PhaseFactory(dataset=dataset, smoke_dataset=dataset, shard_pairs=shard_pairs)


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("archive", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--shard-pairs", type=int, default=6)
    given = parser.parse_args()
    main(given.archive, given.names, dataset=given.dataset, shard_pairs=given.shard_pairs)
