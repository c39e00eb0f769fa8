"""Trainings for tests: a tiny dataset and the smoke preset, on one thread."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from baselines.registry import trained
from baselines.training.loop import train
from evaluator.datasets import Dataset

__all__ = ["smoke"]


def smoke(name: str, dataset: Dataset, folder: Path, **changes: Any) -> Path:
    """The weights of a smoke training of the method of that name."""
    method = trained(name)
    settings = replace(method.presets["smoke"], **changes)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train(method, dataset, folder, settings=settings, preset="smoke")
    finally:
        torch.set_num_threads(threads)
