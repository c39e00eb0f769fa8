"""Means of pair values for each style picture and each style family.

Metrics of whole sets are left out: a style has too few pictures for them.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from evaluator.datasets import Dataset
from evaluator.report import FamilyScores, StyleScores

__all__ = ["families_of", "styles_of"]

Floats = NDArray[np.float64]


def styles_of(dataset: Dataset, values: Mapping[str, Floats]) -> list[StyleScores]:
    """For every style picture that a pair has, in the dataset's order."""
    styles = np.array([pair.style for pair in dataset.pairs])
    return [
        StyleScores(
            style=picture.id,
            family=picture.family,
            n=int((styles == picture.id).sum()),
            scores=_means(values, styles == picture.id),
        )
        for picture in dataset.style
        if (styles == picture.id).any()
    ]


def families_of(dataset: Dataset, values: Mapping[str, Floats]) -> list[FamilyScores]:
    """For every family, sorted; empty where style pictures have none."""
    families = np.array([dataset.style.by_id(pair.style).family for pair in dataset.pairs])
    return [
        FamilyScores(
            family=family,
            n=int((families == family).sum()),
            scores=_means(values, families == family),
        )
        for family in dataset.families
        if (families == family).any()
    ]


def _means(values: Mapping[str, Floats], chosen: NDArray[np.bool_]) -> dict[str, float]:
    return {name: float(column[chosen].mean()) for name, column in values.items()}
