"""The runtime of entries: the interpreter and the few packages that an entry may import.

Only these are shown in a box; the judge's own packages (this one, Django, …) are not. The list is
computed from installed metadata. ``stylearena runtime build`` puts it in a folder of its own; where
that was not done, or for other versions, the same files are shown one by one.
"""

import functools
import importlib.metadata
import platform
import re
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from evaluator.errors import PlatformFault
from evaluator.sandbox.runtime_build import Pins, build, current_folder

__all__ = ["IMPORTABLE", "Runtime", "build_runtime", "importable", "pins", "runtime_for"]

# What entries may rely on; shown to participants.
IMPORTABLE = ("numpy", "onnxruntime", "torch", "torchvision", "pillow", "safetensors", "scipy")
_ONNX = ("numpy", "onnxruntime")
# Required by torch's metadata, not by importing it: build and compile tools, large and unneeded.
_LEFT_OUT = frozenset({"setuptools", "triton", "pip", "wheel"})
_SUBSTITUTES = {"onnxruntime": "onnxruntime-gpu"}
_NAME = re.compile(r"^[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What to bind: the real interpreter, its standard library, and top-level package paths."""

    interpreter: Path
    standard_library: tuple[Path, ...]
    library_folder: Path  # of libpython, for interpreters that have one
    packages: tuple[Path, ...]
    packages_folder: Path | None = None  # holds just these, if they have a folder of their own


@functools.cache
def runtime_for(kind: str) -> Runtime:
    """The runtime for ``"onnx"`` or ``"python"`` entries; PlatformFault where a package lacks."""
    folder = current_folder(pins())
    if folder is None:
        return _installed(kind)
    packages = folder / "packages" / kind
    return Runtime(
        interpreter=folder / "python/bin/python3",
        standard_library=tuple(sorted(folder.glob("python/lib*/python3.*"))),
        library_folder=folder / "python/lib",
        packages=tuple(sorted(packages.iterdir())),
        packages_folder=packages,
    )


def build_runtime(folder: Path) -> Pins:
    """Put the runtime in ``folder``, for both kinds of entry; PlatformFault ``runtime.*``."""
    whole = _installed("python")
    build(
        folder,
        pins(),
        interpreter=whole.interpreter,
        standard_library=whole.standard_library,
        libraries=_shared_libraries(whole.library_folder),
        packages={"python": whole.packages, "onnx": _installed("onnx").packages},
    )
    runtime_for.cache_clear()
    return pins()


@functools.cache
def pins() -> Pins:
    """The versions that entries get here."""
    versions = {name: importlib.metadata.version(name) for name in _closure(IMPORTABLE)}
    return Pins(platform.python_version(), versions)


def importable() -> dict[str, str]:
    """What entries may rely on, with the versions installed; "" where this machine has none."""
    found: dict[str, str] = {}
    for name in IMPORTABLE:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
    return found


def _shared_libraries(folder: Path) -> list[Path]:
    return sorted(folder.glob("libpython3*.so*"))


def _installed(kind: str) -> Runtime:
    """The runtime where its files were installed."""
    return Runtime(
        interpreter=Path(getattr(sys, "_base_executable", sys.executable)).resolve(),
        standard_library=_standard_library(),
        library_folder=Path(sys.base_prefix) / "lib",
        packages=_packages(_ONNX if kind == "onnx" else IMPORTABLE),
    )


def _standard_library() -> tuple[Path, ...]:
    paths = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
    base = (Path(p.replace(sys.prefix, sys.base_prefix, 1)).resolve() for p in paths)
    return tuple(dict.fromkeys(path for path in base if path.is_dir()))


def _packages(roots: tuple[str, ...]) -> tuple[Path, ...]:
    paths: dict[Path, None] = {}
    for name in _closure(roots):
        for path in _top_levels(name):
            paths[path] = None
    return tuple(sorted(paths))


def _closure(roots: tuple[str, ...]) -> list[str]:
    """Distribution names reachable through installed requirements, without extras."""
    waiting, seen = list(roots), set()
    while waiting:
        name = _normal(waiting.pop())
        if name in seen or name in _LEFT_OUT:
            continue
        try:
            requirements = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            if name in _SUBSTITUTES:
                waiting.append(_SUBSTITUTES[name])
                continue
            if name in {*roots, *_SUBSTITUTES.values()}:
                raise PlatformFault(
                    "sandbox.runtime",
                    f"The package {name}, which entries may import, is not installed; run "
                    "'make' to bring the environment up to date.",
                ) from None
            continue
        seen.add(name)
        waiting += [match[0] for r in requirements if (match := _NAME.match(_wanted(r)))]
    return sorted(seen)


def _wanted(requirement: str) -> str:
    """The requirement, or nothing if it belongs to an extra.

    The extras of CUDA packages are kept: without those libraries a CUDA build of torch does not
    import even on the CPU. Other markers are not evaluated: what they exclude is not installed.
    """
    optional = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", requirement)
    cuda = _normal(requirement).startswith(("nvidia", "cuda"))
    return "" if optional and not cuda else requirement


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _top_levels(name: str) -> list[Path]:
    """The files and folders that a distribution has put directly into site-packages."""
    distribution = importlib.metadata.distribution(name)
    # The record itself, not ``.files``: torch lists 15,000 paths and only their heads matter.
    lines = (distribution.read_text("RECORD") or "").splitlines()
    tops = {line.lstrip('"').partition("/")[0].partition(",")[0] for line in lines}
    tops -= {"", "..", "__pycache__"}
    located = (Path(str(distribution.locate_file(top))) for top in tops)
    return [path for path in located if path.exists()]
