"""Making a dataset folder from folders of pictures: everything is checked before it is written.

The folder appears whole or not at all. Pictures are copied byte for byte, so the digests are
those of the originals.
"""

import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evaluator.dataset_folder import Description, write_description
from evaluator.datasets import Dataset, check_pictures, load_dataset, load_image_set
from evaluator.errors import OrganiserError
from evaluator.image_sets import ImageSet
from evaluator.images import PicturePolicy
from evaluator.writing import writing

__all__ = ["Sources", "build_dataset"]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the pictures come from; sub-folders of ``style`` and ``reference`` are families."""

    content: Path
    style: Path
    reference: Path | None = None
    pairs: Path | None = None


def build_dataset(
    sources: Sources,
    description: Description,
    out: Path,
    *,
    policy: PicturePolicy | None = None,
    checked: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Check every picture under ``policy``, write the dataset to ``out`` and load it.

    ``checked`` hears (pictures checked, pictures in all). Raises OrganiserError ``dataset.*`` or
    ``picture.*``; ``dataset.exists`` if ``out`` is there already, ``dataset.unwritable`` if it
    cannot be made.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OrganiserError(
            "dataset.exists", f"{out} is there already; name a new folder or empty this one."
        )
    sets = _read_sets(sources)
    _check(sets, policy or PicturePolicy(), checked or (lambda done, total: None))
    with writing(
        f"The dataset {out}",
        "name another folder",
        code="dataset.unwritable",
        error=OrganiserError,
    ):
        _write(sets, sources.pairs, description, out)
    return load_dataset(out)


def _write(sets: list[ImageSet], pairs: Path | None, description: Description, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}-{uuid.uuid4().hex}")
    try:
        for image_set in sets:
            _copy(image_set, fresh / image_set.name)
        if pairs is not None:
            shutil.copyfile(_existing(pairs), fresh / "pairs.csv")
        write_description(fresh, description)
        load_dataset(fresh)
        if out.exists():
            out.rmdir()
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _read_sets(sources: Sources) -> list[ImageSet]:
    sets = [load_image_set(sources.content, "content"), load_image_set(sources.style, "style")]
    if sources.reference is not None:
        sets.append(load_image_set(sources.reference, "reference"))
    return sets


def _check(
    sets: list[ImageSet], policy: PicturePolicy, checked: Callable[[int, int], None]
) -> None:
    total, done = sum(len(image_set) for image_set in sets), 0
    for image_set in sets:
        for picture in image_set:
            check_pictures([picture], policy)
            done += 1
            checked(done, total)
        if policy.size is None:
            check_pictures(image_set, policy)


def _copy(image_set: ImageSet, folder: Path) -> None:
    for picture in image_set:
        target = folder / picture.family / picture.path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture.path, target)


def _existing(pairs: Path) -> Path:
    if not pairs.is_file():
        raise OrganiserError("dataset.pairs", f"there is no pairs file {pairs}; check the path.")
    return pairs
