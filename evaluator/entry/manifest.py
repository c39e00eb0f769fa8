"""``entry.toml``: what an entry says of itself, read strictly.

Unknown keys, wrong types and steering characters are refused, each with what to write instead.
Links (``paper``, ``code``) are free text: show one as a link only when it starts with http(s).
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, NoReturn

from evaluator.entry.wording import has_unsafe, one_line, quoted
from evaluator.errors import ParticipantError

__all__ = ["MANIFEST", "Manifest", "parse_manifest", "read_manifest"]

MANIFEST = "entry.toml"
_MAX_BYTES = 64 << 10
_NAME_LENGTH = 80
_LENGTHS = {
    "name": _NAME_LENGTH,
    "model": 255,
    "entry": 255,
    "licence": 200,
    "authors": 500,
    "paper": 500,
    "code": 500,
    "training": 4000,
}
_KEYS = (*_LENGTHS, "runtime", "styles")
_ENTRY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_STYLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_MAX_STYLES = 200


@dataclass(frozen=True, slots=True)
class Manifest:
    """The checked content of ``entry.toml``; ``model`` is set for ONNX, ``entry`` for Python."""

    name: str
    runtime: Literal["onnx", "python"]
    model: str | None = None
    entry: str | None = None
    styles: tuple[str, ...] = ()
    licence: str = ""
    authors: str = ""
    paper: str = ""
    code: str = ""
    training: str = ""


def read_manifest(path: Path) -> Manifest:
    """Read and check ``path``; ParticipantError ``entry.manifest.*`` says what to mend."""
    if not path.is_file():
        _refuse(
            "missing",
            f"The archive has no {MANIFEST} at its root; add one with at least a name and a "
            "runtime ('onnx' or 'python').",
        )
    raw = path.read_bytes()
    if len(raw) > _MAX_BYTES:
        _refuse("too_large", f"{MANIFEST} is larger than 64 KiB; keep only its own keys in it.")
    try:
        return parse_manifest(tomllib.loads(raw.decode()))
    except UnicodeDecodeError:
        _refuse("syntax", f"{MANIFEST} is not UTF-8 text; save it as UTF-8.")
    except tomllib.TOMLDecodeError as error:
        _refuse("syntax", f"{MANIFEST} is not valid TOML: {one_line(str(error))}.")
    except RecursionError:
        _refuse("syntax", f"{MANIFEST} is nested too deeply; keep only its own keys in it.")
    except ValueError:  # tomllib lets int() complain of a number with thousands of digits
        _refuse("syntax", f"{MANIFEST} holds a number that is far too long; remove it.")


def parse_manifest(values: Mapping[str, object]) -> Manifest:
    """Check the keys and values of a parsed ``entry.toml``; errors as :func:`read_manifest`."""
    for key in values:
        if key not in _KEYS:
            _refuse_key(key)
    texts = {key: _text(values, key, limit) for key, limit in _LENGTHS.items()}
    if not texts["name"]:
        _refuse("name", f'{MANIFEST} has no name; add a line such as name = "My method".')
    runtime = _runtime(values)
    return Manifest(
        name=texts["name"],
        runtime=runtime,
        model=_model(texts["model"], runtime),
        entry=_entry(texts["entry"], runtime),
        styles=_styles(values.get("styles", [])),
        licence=texts["licence"],
        authors=texts["authors"],
        paper=texts["paper"],
        code=texts["code"],
        training=texts["training"],
    )


def _refuse(reason: str, sentence: str) -> NoReturn:
    raise ParticipantError(f"entry.manifest.{reason}", sentence)


def _refuse_key(key: str) -> NoReturn:
    close = difflib.get_close_matches(key, _KEYS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"the keys are {', '.join(_KEYS)}."
    _refuse("unknown_key", f"{MANIFEST} has an unknown key {quoted(key)}; {hint}")


def _text(values: Mapping[str, object], key: str, limit: int) -> str:
    value = values.get(key, "")
    if not isinstance(value, str):
        _refuse("type", f"In {MANIFEST}, {key} must be text in quotes, not {_kind(value)}.")
    if len(value) > limit:
        _refuse("length", f"In {MANIFEST}, {key} is longer than {limit} characters; shorten it.")
    if has_unsafe(value, allowed="\n\t" if key == "training" else ""):
        _refuse(
            "characters",
            f"In {MANIFEST}, {key} holds control or text-direction characters; remove them.",
        )
    return value.strip()


def _kind(value: object) -> str:
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return kinds.get(type(value), "a table" if isinstance(value, dict) else "a date or time")


def _runtime(values: Mapping[str, object]) -> Literal["onnx", "python"]:
    match values.get("runtime"):
        case "onnx":
            return "onnx"
        case "python":
            return "python"
        case None:
            _refuse("runtime", f'{MANIFEST} has no runtime; add runtime = "onnx" or "python".')
        case other:
            _refuse(
                "runtime",
                f'In {MANIFEST}, runtime is {quoted(str(other))}; it must be "onnx" or "python".',
            )


def _model(model: str, runtime: str) -> str | None:
    if runtime == "python":
        if model:
            _refuse(
                "model",
                f'In {MANIFEST}, model belongs to runtime "onnx"; a Python entry loads its own '
                "files, so remove it.",
            )
        return None
    name = model or "model.onnx"
    if not _is_inside(name) or not name.endswith(".onnx"):
        _refuse(
            "path",
            f"In {MANIFEST}, model is {quoted(name)}; give the relative path of an .onnx file "
            "inside the archive.",
        )
    return name


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    drive = re.match(r"^[A-Za-z]:", name)
    return not (path.is_absolute() or ".." in path.parts or "\\" in name or drive)


def _entry(entry: str, runtime: str) -> str | None:
    if runtime == "onnx":
        if entry:
            _refuse(
                "entry",
                f'In {MANIFEST}, entry belongs to runtime "python"; remove it or change the '
                "runtime.",
            )
        return None
    if not _ENTRY.fullmatch(entry):
        _refuse(
            "entry",
            f"In {MANIFEST}, entry is {quoted(entry)}; name a module and its function, such as "
            '"stylize:load".',
        )
    return entry


def _styles(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(style, str) for style in value):
        _refuse("type", f'In {MANIFEST}, styles must be a list of texts, such as ["starry-night"].')
    if len(value) > _MAX_STYLES or len(set(value)) < len(value):
        _refuse(
            "styles",
            f"In {MANIFEST}, styles must name at most {_MAX_STYLES} styles, each once.",
        )
    for style in value:
        if not _STYLE.fullmatch(style):
            _refuse(
                "styles",
                f"In {MANIFEST}, {quoted(style)} is not a style id; use letters, digits, '.', "
                "'_' and '-'.",
            )
    return tuple(value)
