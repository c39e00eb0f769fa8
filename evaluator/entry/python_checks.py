"""Static checks of a Python entry: its file parses and defines the function it names.

The source is only parsed, never imported or compiled.
"""

import ast
import warnings
from pathlib import Path
from typing import NoReturn

from evaluator.entry.wording import one_line, quoted
from evaluator.errors import ParticipantError

__all__ = ["check_python"]

_MAX_SOURCE = 1 << 20


def check_python(root: Path, entry: str) -> None:
    """Check that ``entry`` (``module:function``) stands in ``root``; ``entry.python.*`` if not."""
    module, _, function = entry.partition(":")
    path = _module_file(root, module)
    definition = _find(_parse(path), function)
    if definition is None:
        _refuse(
            "function",
            f"{path.name} has no function {quoted(function)} at its top level; define "
            f"'def {function}(device)' there.",
        )
    if not _takes_one(definition.args):
        _refuse(
            "signature",
            f"{quoted(function)} in {path.name} must take exactly one argument, the device: "
            f"'def {function}(device)'.",
        )


def _refuse(reason: str, sentence: str) -> NoReturn:
    raise ParticipantError(f"entry.python.{reason}", sentence)


def _module_file(root: Path, module: str) -> Path:
    base = root.joinpath(*module.split("."))
    for path in (base.with_name(base.name + ".py"), base / "__init__.py"):
        if path.is_file():
            return path
    _refuse(
        "module",
        f"The archive has no file {quoted(module.replace('.', '/') + '.py')}, which entry.toml "
        "names; add it or mend the name.",
    )


def _parse(path: Path) -> ast.Module:
    if path.stat().st_size > _MAX_SOURCE:
        _refuse("too_large", f"{path.name} is larger than 1 MiB; move data out of the source.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(path.read_bytes())
    except SyntaxError as error:
        message, line = one_line(error.msg, 120), error.lineno or 1
        _refuse(
            "syntax",
            f"{path.name} is not valid Python, line {line}: {message}.",
        )
    except (ValueError, RecursionError, MemoryError):
        _refuse("syntax", f"{path.name} cannot be parsed as Python; hand in plain source text.")


def _find(tree: ast.Module, function: str) -> ast.FunctionDef | None:
    found = None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            found = node
    return found


def _takes_one(args: ast.arguments) -> bool:
    positional = len(args.posonlyargs) + len(args.args)
    needed = positional - len(args.defaults)
    accepts = positional >= 1 or args.vararg is not None
    keywords = sum(1 for default in args.kw_defaults if default is None)
    return accepts and needed <= 1 and keywords == 0
