"""Datasets: what is stylised and what it is compared with, identified by digests.

A dataset is a folder (see ``dataset_folder``); its digest depends on names, picture bytes,
families and pairs, and never on paths, file order or what the folder claims about itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.dataset_folder import read_description, read_pairs, scan
from evaluator.image_sets import ImageSet, Pair, Picture, digest_of
from evaluator.images import PicturePolicy, decode, require_one_size

__all__ = [
    "Dataset",
    "ImageSet",
    "Pair",
    "Picture",
    "check_pictures",
    "load_dataset",
    "load_image_set",
]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Contents, styles, the pairs to stylise (sorted) and the style reference set of FID."""

    name: str
    version: str
    title: str
    root: Path
    content: ImageSet
    style: ImageSet
    reference: ImageSet
    pairs: tuple[Pair, ...]
    digest: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        sets = [each.identity for each in (self.content, self.style, self.reference)]
        pairs = sorted((pair.content, pair.style) for pair in self.pairs)
        object.__setattr__(self, "digest", digest_of([self.name, self.version, sets, pairs]))

    @property
    def families(self) -> tuple[str, ...]:
        """The style families, sorted; pictures without a family count for none."""
        return tuple(sorted({picture.family for picture in self.style if picture.family}))

    def smoke_pairs(self, n: int = 2) -> tuple[Pair, ...]:
        """``n`` pairs, the same at every call, of different contents and styles while they last."""
        chosen: list[Pair] = []
        for pair in self.pairs:
            if all(pair.content != old.content and pair.style != old.style for old in chosen):
                chosen.append(pair)
        rest = [pair for pair in self.pairs if pair not in chosen] if len(chosen) < n else []
        return tuple((chosen + rest)[:n])


def load_dataset(folder: Path) -> Dataset:
    """Read a dataset folder and compute every digest; no pixel is decoded.

    Raises OrganiserError ``dataset.*`` for the first thing wrong with it.
    """
    root = Path(folder)
    description = read_description(root)
    content = ImageSet("content", scan(root / "content", root, description))
    style = ImageSet("style", scan(root / "style", root, description))
    reference = style
    if (root / "reference").exists():
        reference = ImageSet("reference", scan(root / "reference", root, description))
    description.require_known(content, style, reference)
    return Dataset(
        name=description.name,
        version=description.version,
        title=description.title,
        root=root,
        content=content,
        style=style,
        reference=reference,
        pairs=read_pairs(root, content, style),
    )


def load_image_set(folder: Path, name: str) -> ImageSet:
    """Read a folder of pictures, whose sub-folders are families; OrganiserError ``dataset.*``."""
    return ImageSet(name, scan(Path(folder), Path(folder)))


def check_pictures(
    pictures: Iterable[Picture], policy: PicturePolicy, *, root: Path | None = None
) -> None:
    """Decode each picture under the policy and raise the first OrganiserError ``picture.*``.

    Under a native-size policy all must have one size (``picture.mixed_sizes``). Sentences name
    files relative to ``root`` when it is given.
    """
    sizes: list[tuple[str, tuple[int, int]]] = []
    for picture in pictures:
        label = str(picture.path.relative_to(root)) if root else picture.path.name
        height, width, _ = decode(picture.path, policy, name=label).shape
        sizes.append((label, (height, width)))
    if policy.size is None:
        require_one_size(sizes)
