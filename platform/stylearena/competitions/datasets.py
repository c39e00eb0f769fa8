"""Datasets the platform knows: registered by digest, and loaded only with that digest.

The pictures stay in their folder; the row remembers what they must be.
"""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from evaluator import datasets as evaluator_datasets
from evaluator.errors import OrganiserError, PlatformFault
from stylearena.competitions.models import Dataset
from stylearena.competitions.publicity import require_publishable

__all__ = ["folder_of", "load", "register_dataset"]


def register_dataset(
    dataset: evaluator_datasets.Dataset, folder: Path, *, is_public: bool
) -> Dataset:
    """Make a dataset known, or find it again by its digest (its folder may have moved).

    Public pictures stay public: only the admin makes them private again. Raises OrganiserError
    ``dataset.version_taken`` when other pictures already carry this name and version, and
    ``dataset.held_out`` when an open phase is judged on pictures that would become public.
    """
    known = Dataset.objects.filter(digest=dataset.digest).first()
    if known is None:
        return _add_dataset(dataset, folder, is_public=is_public)
    if is_public:
        require_publishable(known, is_public=True)
    known.folder = _stored_folder(folder)
    known.is_public = known.is_public or is_public
    known.save(update_fields=("folder", "is_public"))
    return known


def folder_of(dataset: Dataset) -> Path:
    """Where the dataset's pictures lie on this machine."""
    return Path(settings.DATASETS_DIR) / dataset.folder


def load(dataset: Dataset) -> evaluator_datasets.Dataset:
    """The dataset with its pictures; read and verified once a process.

    Raises PlatformFault ``dataset.changed`` when the folder is unreadable or no longer has the
    digest under which it was registered.
    """
    return _load(folder_of(dataset), dataset.digest)


def _add_dataset(dataset: evaluator_datasets.Dataset, folder: Path, *, is_public: bool) -> Dataset:
    try:
        with transaction.atomic():
            return Dataset.objects.create(
                name=dataset.name,
                version=dataset.version,
                title=dataset.title,
                digest=dataset.digest,
                folder=_stored_folder(folder),
                contents=len(dataset.content),
                styles=len(dataset.style),
                pairs=len(dataset.pairs),
                reference_pictures=len(dataset.reference),
                families=list(dataset.families),
                is_public=is_public,
            )
    except IntegrityError as error:
        raise OrganiserError(
            "dataset.version_taken",
            f"Other pictures are already known as {dataset.name} {dataset.version}; give the "
            "changed dataset a new version in its dataset.toml.",
        ) from error


def _stored_folder(folder: Path) -> str:
    """Relative to STYLEARENA_DATASETS_DIR where it lies inside, so that the home may move."""
    home, path = Path(settings.DATASETS_DIR).resolve(), Path(folder).resolve()
    return str(path.relative_to(home) if path.is_relative_to(home) else path)


@lru_cache(maxsize=32)
def _load(folder: Path, digest: str) -> evaluator_datasets.Dataset:
    try:
        found = evaluator_datasets.load_dataset(folder)
    except OrganiserError as error:
        raise PlatformFault(
            "dataset.changed", f"The dataset in {folder} can no longer be read: {error}"
        ) from error
    if found.digest != digest:
        raise PlatformFault(
            "dataset.changed",
            f"The dataset in {folder} is not the one that was registered (digest "
            f"{found.digest[:12]}, not {digest[:12]}); restore its pictures.",
        )
    return found
