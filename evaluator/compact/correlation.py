"""How well the compact metrics order pictures as the real ones do: Spearman's ρ, three ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from evaluator.compact.judging import REAL_NAME, Judgement

__all__ = ["Agreement", "SetAgreement", "agreement_of", "fid_agreement"]

REPLICATES = 1000


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one pair metric over the held-out pictures.

    ``overall``: over all of them at once. ``within``: among the outputs of one pair, the mean over
    pairs: which method did best on this pair? ``methods``: among the means of the output sets:
    which method is best? ``interval``: 95 %, of ``overall``, methods and pairs resampled.
    ``factor``: the median of compact over real value.
    """

    metric: str
    pictures: int
    overall: float
    interval: tuple[float, float]
    within: float
    methods: float
    factor: float


@dataclass(frozen=True, slots=True)
class SetAgreement:
    """Of FID over the output sets; ``interval``: 95 %, methods resampled; ``factor`` as above."""

    sets: int
    overall: float
    interval: tuple[float, float]
    factor: float


def agreement_of(metric: str, real: Judgement, compact: Judgement) -> Agreement:
    """``metric`` by its name in the compact protocol."""
    ours = _table(compact.values, metric)
    theirs = _table(real.values, REAL_NAME.get(metric, metric))
    pairs = [spearman(a, b) for a, b in zip(ours.T, theirs.T, strict=True)]
    return Agreement(
        metric=metric,
        pictures=ours.size,
        overall=spearman(ours.ravel(), theirs.ravel()),
        interval=_interval(ours, theirs, list(compact.values)),
        within=float(np.mean(pairs)),
        methods=spearman(ours.mean(axis=1), theirs.mean(axis=1)),
        factor=float(np.median(ours / theirs)),
    )


def fid_agreement(real: Judgement, compact: Judgement) -> SetAgreement:
    """FID of the compact rows against FID of Mixed_6e's 768."""
    names = list(real.fid)
    ours, theirs = (np.array([judged.fid[name] for name in names]) for judged in (compact, real))
    return SetAgreement(
        sets=len(names),
        overall=spearman(ours, theirs),
        interval=_interval(ours[:, None], theirs[:, None], names),
        factor=float(np.median(ours / theirs)),
    )


def spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Spearman's ρ of two rows of values."""
    return float(spearmanr(a, b).statistic)


def _interval(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], sets: Sequence[str]
) -> tuple[float, float]:
    """Of ρ over [output sets, pairs]; draws in which all values are alike have none.

    A method is drawn with all of its strengths (``sets``: "METHOD STRENGTH"), which blend the same
    outputs and are no several methods.
    """
    rng = np.random.default_rng(0)
    methods = np.array([name.rpartition(" ")[0] for name in sets])
    groups = [np.flatnonzero(methods == method) for method in np.unique(methods)]
    found = []
    for _ in range(REPLICATES):
        rows = np.concatenate([groups[i] for i in rng.integers(len(groups), size=len(groups))])
        columns = rng.integers(ours.shape[1], size=ours.shape[1])
        drawn = [table[np.ix_(rows, columns)].ravel() for table in (ours, theirs)]
        if all(np.ptp(values) > 0 for values in drawn):
            found.append(spearman(drawn[0], drawn[1]))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _table(
    values: Mapping[str, Mapping[str, NDArray[np.float64]]], metric: str
) -> NDArray[np.float64]:
    """[output sets, pairs]."""
    return np.stack([found[metric] for found in values.values()])
