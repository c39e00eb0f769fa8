"""Building the demo dataset folder and keeping it in the user's cache.

A cached folder is used again only while it is whole: its digest is written beside it when it is
built and compared when it is opened.
"""

import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import platformdirs

from evaluator.dataset_folder import Description, write_description
from evaluator.datasets import Dataset, load_dataset
from evaluator.demo.painter import paint_all
from evaluator.demo.photographs import SOURCES, crops_of
from evaluator.demo.works import Split, works_of
from evaluator.errors import OrganiserError, PlatformFault
from evaluator.images import encode_png
from evaluator.writing import writing

__all__ = ["RECIPE", "build_demo", "demo_dataset"]

# Raise it whenever a picture of the demo may change: it names the cached folder and the version.
RECIPE = 2
_TITLES = {"public": "StyleArena demo, public pictures", "heldout": "StyleArena demo, held out"}
_WORKS_LICENCE = "CC0-1.0 (painted by StyleArena)"
_SEAL = "digest.txt"

Progress = Callable[[int, int], None]


def demo_dataset(
    split: Split, cache: Path | None = None, progress: Progress | None = None
) -> Dataset:
    """The demo dataset of a split, built on first use and kept.

    It lies in ``cache``, else ``$STYLEARENA_CACHE_DIR/datasets``, else the user's cache folder.
    ``progress`` hears (pictures done, pictures in all). Two processes may build at once: the
    first to finish wins. Raises PlatformFault ``demo.*`` if it cannot be built.
    """
    folder = _cache_folder(cache) / f"demo-{split}-{RECIPE}"
    whole = _whole(folder)
    if whole is not None:
        return whole
    with writing(
        f"The demo dataset in {folder.parent}",
        "make room there or set STYLEARENA_CACHE_DIR to another folder",
        code="demo.unwritable",
        error=PlatformFault,
    ):
        _build_in_place(split, folder, progress)
    return load_dataset(folder)


def _build_in_place(split: Split, folder: Path, progress: Progress | None) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
    try:
        _build(split, fresh, progress)
        (fresh / _SEAL).write_text(load_dataset(fresh).digest + "\n", "ascii")
        _put_in_place(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def build_demo(split: Split, folder: Path, progress: Progress | None = None) -> None:
    """Write the demo dataset of a split into ``folder``, which must be new or empty.

    The same recipe gives the same pixels on the same machine and libraries. Raises
    OrganiserError ``dataset.exists`` or ``dataset.unwritable``, PlatformFault ``demo.*``.
    """
    with writing(
        f"The dataset {folder}",
        "name another folder",
        code="dataset.unwritable",
        error=OrganiserError,
    ):
        _build(split, folder, progress)


def _build(split: Split, folder: Path, progress: Progress | None) -> None:
    tell = progress or (lambda done, total: None)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise OrganiserError(
            "dataset.exists", f"{folder} is not empty; name a new folder or empty this one."
        )
    crops = crops_of(split)
    total = len(crops) + len(works_of(split))
    for done, crop in enumerate(crops, start=1):
        path = folder / "content" / crop.source / f"{crop.id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(np.asarray(crop.cut(), np.uint8)))
        tell(done, total)
    paint_all(folder, split, lambda done: tell(len(crops) + done, total))
    licences = {crop.id: SOURCES[crop.source].licence for crop in crops}
    description = Description(
        name=f"demo-{split}",
        version=str(RECIPE),
        title=_TITLES[split],
        licence=_WORKS_LICENCE,
        licences=licences,
    )
    write_description(folder, description)


def _cache_folder(cache: Path | None) -> Path:
    if cache is not None:
        return Path(cache)
    chosen = os.environ.get("STYLEARENA_CACHE_DIR") or platformdirs.user_cache_dir("stylearena")
    return Path(chosen) / "datasets"


def _whole(folder: Path) -> Dataset | None:
    """The cached dataset, if it is still the one that was built."""
    try:
        sealed = (folder / _SEAL).read_text("ascii").strip()
        dataset = load_dataset(folder)
    except (OSError, UnicodeDecodeError, OrganiserError):
        return None
    return dataset if dataset.digest == sealed else None


def _put_in_place(fresh: Path, folder: Path) -> None:
    """Move a built folder to its place in one step, unless another process was quicker."""
    if folder.exists() and _whole(folder) is None:
        spoiled = folder.with_name(f".{folder.name}-{uuid.uuid4().hex}")
        folder.rename(spoiled)
        shutil.rmtree(spoiled, ignore_errors=True)
    try:
        fresh.rename(folder)
    except OSError:
        if _whole(folder) is None:
            raise
