"""A benchmark in a process of its own, so that none warms or swells another."""

import importlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from tests.bench.figures import Figure, Unmeasured

__all__ = ["fingerprint", "measure"]

T = TypeVar("T")


def measure(name: str, *, quick: bool) -> list[Figure | Unmeasured]:
    """The figures of the benchmark ``name``, each printed as soon as it is there."""
    return _apart(_measure, name, quick)


def fingerprint() -> str:
    """The digest of the evaluator's numbers on this machine."""
    return _apart(_fingerprint)


def _apart(call: Callable[..., T], *arguments: object) -> T:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(call, *arguments).result()


def _measure(name: str, quick: bool) -> list[Figure | Unmeasured]:
    found = []
    for figure in importlib.import_module(f"tests.bench.{name}").measure(quick=quick):
        print(figure, flush=True)
        found.append(figure)
    return found


def _fingerprint() -> str:
    from evaluator.fingerprint import fingerprint

    return fingerprint().digest
