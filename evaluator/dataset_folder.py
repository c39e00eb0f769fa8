"""The dataset folder on disk: its description, its pictures and its pairs, read and written.

    dataset.toml                 name, version, and optionally title, licence,
                                 [pictures] id = "licence", [families] id = "family"
    content/ style/              picture files; a sub-folder is a family
    reference/                   optional: the style reference set (default: the style set)
    pairs.csv                    optional: header content,style (default: all with all)

Everything is read as data from a stranger: links that leave the folder are refused.
"""

import csv
import hashlib
import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.errors import OrganiserError
from evaluator.image_sets import ImageSet, Pair, Picture
from evaluator.images import PICTURE_SUFFIXES

__all__ = ["Description", "read_description", "read_pairs", "scan", "write_description"]

# Notes and system droppings that may lie beside the pictures; any other file is a mistake.
_NOTES = frozenset({".txt", ".md", ".csv", ".json", ".toml", ".ini", ".db"})
# Ids go into pair ids (joined by "__"), addresses and file names.
_ID = re.compile(r"[^\W_](?:[\w .,()+-]*(?:[^\W_]|\)))?")
_MAX_ID = 100
_MAX_ID_BYTES = 120  # two of them, "__" and an ending must fit into a file name of 255


@dataclass(frozen=True, slots=True)
class Description:
    """What ``dataset.toml`` says."""

    name: str = ""
    version: str = ""
    title: str = ""
    licence: str = ""
    licences: Mapping[str, str] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)

    def require_known(self, *sets: ImageSet) -> None:
        """Refuse licences or families of pictures that are in none of the sets."""
        known = {picture.id for each in sets for picture in each}
        for table, ids in (("pictures", self.licences), ("families", self.families)):
            for picture_id in sorted(set(ids) - known):
                raise OrganiserError(
                    "dataset.unknown_picture",
                    f"dataset.toml names {picture_id!r} in [{table}], but there is no such "
                    "picture; correct the id (the file's name without its ending) or remove it.",
                )


def read_description(root: Path) -> Description:
    """``dataset.toml``; OrganiserError ``dataset.missing``, ``.description``, ``.unreadable``."""
    with _reading(root):
        there = root.is_dir()
    if not there:
        raise OrganiserError(
            "dataset.missing", f"there is no dataset folder {root}; check the path."
        )
    try:
        raw = tomllib.loads((root / "dataset.toml").read_text("utf-8"))
    except FileNotFoundError as error:
        raise OrganiserError(
            "dataset.missing",
            f"{root} has no dataset.toml; write one with a name and a version, or use "
            "`stylearena dataset build`.",
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad_description(f"cannot be read ({error})") from error
    return Description(
        name=_text(raw, "name", required=True),
        version=_text(raw, "version", required=True),
        title=_text(raw, "title") or _text(raw, "name"),
        licence=_text(raw, "licence"),
        licences=_table(raw, "pictures"),
        families=_table(raw, "families"),
    )


def write_description(root: Path, description: Description) -> None:
    """Write ``dataset.toml`` so that ``read_description`` gives the same description back."""
    # A JSON string is a TOML basic string, save for DEL, which no name needs.
    lines = [
        f"{key} = {json.dumps(getattr(description, key), ensure_ascii=False)}"
        for key in ("name", "version", "title", "licence")
    ]
    for table, entries in (("pictures", description.licences), ("families", description.families)):
        if entries:
            lines += ["", f"[{table}]"]
            lines += [
                f"{json.dumps(key, ensure_ascii=False)} = {json.dumps(value, ensure_ascii=False)}"
                for key, value in sorted(entries.items())
            ]
    (root / "dataset.toml").write_text("\n".join(lines) + "\n", "utf-8")


def scan(folder: Path, root: Path, description: Description | None = None) -> tuple[Picture, ...]:
    """The pictures of one set, sorted by id, each hashed; ``root`` bounds where links may lead.

    Raises OrganiserError ``dataset.missing``, ``.empty_set``, ``.duplicate_id``, ``.bad_name``,
    ``.unknown_file``, ``.link`` or ``.unreadable``.
    """
    with _reading(folder):
        return _scanned(folder, root, description or Description())


def _scanned(folder: Path, root: Path, said: Description) -> tuple[Picture, ...]:
    if not folder.is_dir():
        raise OrganiserError(
            "dataset.missing", f"there is no folder {folder}; create it and put the pictures in."
        )
    found: dict[str, Picture] = {}
    for path, family in _picture_files(folder, root.resolve()):
        picture_id = _picture_id(path)
        if picture_id in found:
            raise OrganiserError(
                "dataset.duplicate_id",
                f"{_shown(found[picture_id].path, root)} and {_shown(path, root)} have the same "
                f"id {picture_id!r}; rename one of them.",
            )
        found[picture_id] = Picture(
            id=picture_id,
            path=path,
            sha256=_sha256(path),
            family=said.families.get(picture_id, family),
            licence=said.licences.get(picture_id, said.licence),
        )
    if not found:
        raise OrganiserError(
            "dataset.empty_set", f"{folder} holds no picture; put PNG or JPEG files in it."
        )
    return tuple(found[picture_id] for picture_id in sorted(found))


def read_pairs(root: Path, content: ImageSet, style: ImageSet) -> tuple[Pair, ...]:
    """The pairs of ``pairs.csv``, or all contents with all styles, sorted by content and style.

    Raises OrganiserError ``dataset.pairs`` or ``dataset.unknown_picture``.
    """
    path = root / "pairs.csv"
    if not path.exists():
        return tuple(Pair.of(one.id, other.id) for one in content for other in style)
    _require_inside(path, root.resolve())
    known = {each.name: {picture.id for picture in each} for each in (content, style)}
    pairs: dict[str, Pair] = {}
    for line, row in _pair_rows(path):
        for column, value in row.items():
            if value not in known[column]:
                raise OrganiserError(
                    "dataset.unknown_picture",
                    f"pairs.csv line {line} names the {column} {value!r}, but {column}/ has no "
                    "such picture; correct the id (the file's name without its ending).",
                )
        pair = Pair.of(row["content"], row["style"])
        if pair.id in pairs:
            raise _bad_pairs(f"line {line} repeats the pair {pair.id}; remove it.")
        pairs[pair.id] = pair
    if not pairs:
        raise _bad_pairs("lists no pair; add some, or remove the file to pair all with all.")
    return tuple(sorted(pairs.values(), key=lambda pair: (pair.content, pair.style)))


def _pair_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_pairs("cannot be read as UTF-8 text; save it as a UTF-8 CSV file.") from error
    rows = csv.reader(text.splitlines())
    if [cell.strip() for cell in next(rows, [])] != ["content", "style"]:
        raise _bad_pairs("must begin with the line `content,style`; add that header.")
    for row in rows:
        cells = [unicodedata.normalize("NFC", cell.strip()) for cell in row]
        if not any(cells):
            continue
        if len(cells) != 2:
            raise _bad_pairs(f"line {rows.line_num} needs exactly a content and a style id.")
        yield rows.line_num, {"content": cells[0], "style": cells[1]}


def _picture_files(folder: Path, root: Path) -> Iterator[tuple[Path, str]]:
    """(file, family) of every picture in the folder and in its sub-folders, one level deep."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        _require_inside(path, root)
        if not path.is_dir():
            yield from _if_picture(path, "")
            continue
        for inner in sorted(path.iterdir()):
            if not inner.name.startswith("."):
                _require_inside(inner, root)
                yield from _if_picture(inner, path.name)


def _if_picture(path: Path, family: str) -> Iterator[tuple[Path, str]]:
    if path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES:
        yield path, family
    elif path.suffix.lower() not in _NOTES:
        raise OrganiserError(
            "dataset.unknown_file",
            f"{path} is not a picture (PNG, JPEG, WebP, BMP, TIFF); convert it or take it out.",
        )


def _require_inside(path: Path, root: Path) -> None:
    try:
        inside = path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # a dangling link, or a loop of links
        inside = False
    if not inside:
        raise OrganiserError(
            "dataset.link", f"{path} is a link that leads out of the dataset; put the file itself."
        )


def _picture_id(path: Path) -> str:
    # macOS stores names decomposed: the same name must give the same id everywhere.
    picture_id = unicodedata.normalize("NFC", path.stem)
    if len(picture_id) > _MAX_ID or len(picture_id.encode()) > _MAX_ID_BYTES:
        raise OrganiserError(
            "dataset.bad_name",
            f"{path.name!r} is too long a name for a picture; rename it with at most {_MAX_ID} "
            f"letters, which may take {_MAX_ID_BYTES} bytes in UTF-8.",
        )
    if "__" in picture_id or not _ID.fullmatch(picture_id):
        raise OrganiserError(
            "dataset.bad_name",
            f"{path.name!r} cannot be a picture's name; rename it with letters, digits, spaces, "
            "and . , - + ( ) or single underscores, starting and ending with a letter or digit.",
        )
    return picture_id


@contextmanager
def _reading(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OrganiserError(
            "dataset.unreadable",
            f"{error.filename or place} cannot be read: {error.strerror}; make it readable, or "
            "take it out.",
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _text(raw: Mapping[str, object], key: str, *, required: bool = False) -> str:
    value = raw.get(key, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise _bad_description(f'needs {key} = "…" as a text')
    return value.strip()


def _table(raw: Mapping[str, object], key: str) -> dict[str, str]:
    table = raw.get(key, {})
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise _bad_description(f'needs [{key}] to hold lines such as picture-id = "text"')
    return {unicodedata.normalize("NFC", name): value for name, value in table.items()}


def _bad_description(what: str) -> OrganiserError:
    return OrganiserError("dataset.description", f"dataset.toml {what}; correct the file.")


def _bad_pairs(what: str) -> OrganiserError:
    return OrganiserError("dataset.pairs", f"pairs.csv {what}")
