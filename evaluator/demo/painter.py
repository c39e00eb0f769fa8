"""Painting works into a dataset folder, in this process or, to share the load, in a second one.

The second one is a plain child interpreter: no fork of a process that may hold threads, and no
demand on the caller's ``__main__``.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluator.demo.works import Split, Work, works_of
from evaluator.errors import PlatformFault
from evaluator.images import encode_png

__all__ = ["paint_all", "paint_share"]


def paint_all(folder: Path, split: Split, tell: Callable[[int], None]) -> None:
    """Paint every work of the split; ``tell`` hears how many are done. PlatformFault on failure."""
    works = works_of(split)
    if (os.cpu_count() or 1) < 2 or not sys.executable:
        _paint(folder, works, lambda: tell(_finished(folder, works)))
        return
    child = _second_painter(folder, split)
    try:
        _paint(folder, works[::2], lambda: tell(_finished(folder, works)))
        while child.poll() is None:
            time.sleep(0.1)
            tell(_finished(folder, works))
    finally:
        child.kill()
        child.wait()
    if missing := len(works) - _finished(folder, works):
        raise PlatformFault(
            "demo.painter",
            f"painting the demo stopped with {missing} works missing (exit {child.returncode}); "
            "check memory and disk space, then try again.",
        )


def paint_share(folder: Path, split: Split, *, start: int, step: int) -> None:
    """Paint every ``step``-th work of the split, from number ``start`` of the list on."""
    _paint(folder, works_of(split)[start::step], lambda: None)


def _second_painter(folder: Path, split: Split) -> "subprocess.Popen[bytes]":
    root = Path(__file__).resolve().parents[2]
    paths = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    command = [sys.executable, "-m", "evaluator.demo.painting", str(folder), split, "1", "2"]
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)


def _paint(folder: Path, works: Sequence[Work], done: Callable[[], None]) -> None:
    from evaluator.demo.painting.families import render

    for work in works:
        path = folder / work.file
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".part")
        half.write_bytes(encode_png(render(work.family, work.number)))
        half.rename(path)
        done()


def _finished(folder: Path, works: Sequence[Work]) -> int:
    return sum((folder / work.file).exists() for work in works)
