"""Pictures of public datasets: which to show, small copies of them, and the whole as a zip.

A picture is always looked up by its id in a loaded dataset: nothing in an address is ever a path.
"""

import logging
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from django.core.files import File
from django.core.files.storage import default_storage

from evaluator import datasets as evaluator_datasets
from evaluator.datasets import ImageSet, Picture
from evaluator.errors import PlatformFault
from evaluator.images import PicturePolicy, decode, encode_jpeg
from stylearena.competitions import datasets
from stylearena.competitions.models import Dataset

logger = logging.getLogger(__name__)

Kind = Literal["content", "style"]
KINDS: tuple[Kind, ...] = ("content", "style")
_THUMBNAIL = PicturePolicy(size=384, min_side=1)
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that zip knows: the same zip every time


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture that a page shows; ``family`` is a style's, as words."""

    dataset: Dataset
    kind: Kind
    id: str
    family: str


@dataclass(frozen=True, slots=True)
class Samples:
    """Some contents, styles and pairs (content, style) of one public dataset, or nothing."""

    contents: tuple[Sample, ...] = ()
    styles: tuple[Sample, ...] = ()
    pairs: tuple[tuple[Sample, Sample], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.contents and self.styles)


def samples_of(dataset: Dataset, *, contents: int = 6, styles: int = 8, pairs: int = 0) -> Samples:
    """Pictures and pairs as varied as the dataset has them; none if it is held out."""
    if not dataset.is_public:
        return Samples()
    try:
        pictures = datasets.load(dataset)
    except PlatformFault:
        logger.exception("No samples of %s can be shown.", dataset)
        return Samples()
    return Samples(
        contents=_samples(dataset, "content", _varied(pictures.content.pictures, contents)),
        styles=_samples(dataset, "style", _varied(pictures.style.pictures, styles)),
        pairs=_sample_pairs(dataset, pictures, pairs),
    )


def thumbnail(dataset: Dataset, kind: Kind, picture_id: str) -> bytes:
    """A small square JPEG of the picture; KeyError if the dataset has none of that id."""
    picture = image_set(datasets.load(dataset), kind).by_id(picture_id)
    return _thumbnail(picture.path, picture.sha256)


def download(dataset: Dataset) -> "File[bytes]":
    """The dataset's folder as a zip, packed once and then kept in storage."""
    name = f"downloads/{dataset.digest}.zip"
    if not default_storage.exists(name):
        with TemporaryDirectory(prefix="stylearena-download-") as folder:
            packed = Path(folder) / "dataset.zip"
            _pack(datasets.load(dataset), packed, f"{dataset.name}-{dataset.version}")
            with packed.open("rb") as file:
                name = default_storage.save(name, File(file))
    stored: File[bytes] = default_storage.open(name, "rb")
    return stored


def image_set(dataset: evaluator_datasets.Dataset, kind: Kind) -> ImageSet:
    return dataset.content if kind == "content" else dataset.style


def _sample_pairs(
    dataset: Dataset, pictures: evaluator_datasets.Dataset, count: int
) -> tuple[tuple[Sample, Sample], ...]:
    """Pairs that are really to be stylised, each picture as seldom as they allow."""
    contents, styles = (
        {picture.id: turn for turn, picture in enumerate(_varied(each.pictures, len(each)))}
        for each in (pictures.content, pictures.style)
    )
    waiting = sorted(pictures.pairs, key=lambda p: (contents[p.content], styles[p.style]))
    shown: Counter[tuple[Kind, str]] = Counter()
    chosen: list[tuple[Sample, Sample]] = []
    for _ in range(min(count, len(waiting))):
        pair = min(waiting, key=lambda p: shown["content", p.content] + shown["style", p.style])
        waiting.remove(pair)
        shown.update([("content", pair.content), ("style", pair.style)])
        content, style = pictures.content.by_id(pair.content), pictures.style.by_id(pair.style)
        chosen.append(
            (_samples(dataset, "content", [content])[0], _samples(dataset, "style", [style])[0])
        )
    return tuple(chosen)


def _samples(dataset: Dataset, kind: Kind, pictures: Sequence[Picture]) -> tuple[Sample, ...]:
    return tuple(
        Sample(dataset, kind, picture.id, picture.family.replace("-", " ").replace("_", " "))
        for picture in pictures
    )


def _varied(pictures: Sequence[Picture], count: int) -> list[Picture]:
    """The first picture of each motif, then the second of each, … in the order of ids.

    A style's motif is its family; a content's is the first word of its id, which crops of one
    photograph share.
    """
    seen: Counter[str] = Counter()
    turns: list[tuple[int, str, Picture]] = []
    for picture in pictures:
        motif = picture.family or re.split(r"[^a-z]", picture.id.lower(), maxsplit=1)[0]
        turns.append((seen[motif], picture.id, picture))
        seen[motif] += 1
    return [picture for _, _, picture in sorted(turns, key=lambda turn: turn[:2])][:count]


@lru_cache(maxsize=512)
def _thumbnail(path: Path, sha256: str) -> bytes:
    return encode_jpeg(decode(path, _THUMBNAIL), quality=88)


def _pack(dataset: evaluator_datasets.Dataset, target: Path, top: str) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:  # pictures are dense already
        for path in _files_of(dataset):
            entry = zipfile.ZipInfo(f"{top}/{path.relative_to(dataset.root)}", _EARLIEST)
            entry.external_attr = 0o644 << 16
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as sink:
                while chunk := source.read(1 << 20):
                    sink.write(chunk)


def _files_of(dataset: evaluator_datasets.Dataset) -> Iterator[Path]:
    """The description, the pairs and every listed picture; nothing else that lies in the folder."""
    for name in ("dataset.toml", "pairs.csv"):
        if (dataset.root / name).is_file():
            yield dataset.root / name
    sets = (dataset.content, dataset.style, dataset.reference)
    yield from sorted({picture.path for pictures in sets for picture in pictures})
