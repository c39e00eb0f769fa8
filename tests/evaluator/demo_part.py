"""The public demo dataset with some of its pairs only: real pictures, and quick."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from evaluator.datasets import Dataset, Pair, load_dataset
from evaluator.demo import demo_dataset

__all__ = ["part_of_the_demo"]


def part_of_the_demo(folder: Path, pairs: Iterable[Pair]) -> Dataset:
    """The demo's pictures in ``folder``, with those pairs."""
    shutil.copytree(demo_dataset("public").root, folder)
    lines = [f"{pair.content},{pair.style}" for pair in pairs]
    (folder / "pairs.csv").write_text("\n".join(["content,style", *lines, ""]), "utf-8")
    return load_dataset(folder)
