"""The conclusion of a run: from the shards' values and feature rows to the report.

Everything is put in the dataset's pair order before anything is computed, so the report is the
same, bit for bit, for any number of shards in any order. float64 throughout; no torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from typing import Protocol as Interface

import numpy as np
from numpy.typing import NDArray

from evaluator.breakdown import families_of, styles_of
from evaluator.crossing import Crossing
from evaluator.datasets import Dataset
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.intervals import crossed_resamples
from evaluator.notices import notices
from evaluator.overall import Heard, Sample, overall_scores, unheard
from evaluator.protocols import Protocol
from evaluator.report import EntryInfo, PairScores, Provenance, Report, Timings
from evaluator.set_measures import Need
from evaluator.shards import ShardResult
from evaluator.version import __version__

if TYPE_CHECKING:
    import torch

__all__ = ["Reference", "RunInfo", "conclude"]

Floats = NDArray[np.float64]


class Reference(Interface):
    """What ``conclude`` asks of a ``scoring.Scorer``."""

    protocol: Protocol
    weights: dict[str, str]
    device: torch.device

    def reference_rows(self, dataset: Dataset, need: Need) -> NDArray[np.float32]: ...

    @property
    def torch_version(self) -> str: ...

    @property
    def onnxruntime_version(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RunInfo:
    """How the entry was run: for provenance and timings, never for a score."""

    sandbox_rung: str
    total_seconds: float
    device: str = "cpu"
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """All shards as one, in the dataset's pair order."""

    values: dict[str, Floats]
    features: dict[str, NDArray[np.float32]]
    seconds: Floats


def conclude(
    shards: Sequence[ShardResult],
    dataset: Dataset,
    scorer: Reference,
    *,
    entry: EntryInfo,
    run: RunInfo,
    on_metric: Heard | None = None,
) -> Report:
    """The report of an entry whose pairs were scored in ``shards``, in any order.

    ``on_metric`` hears of the replicates of those metrics that take long. Raises PlatformFault
    ``shards.incomplete`` unless they hold each pair of the dataset exactly once, and
    ParticipantError ``entry.not_finite`` if a value or feature is not finite.
    """
    rows = _in_pair_order(shards, dataset)
    _require_finite(rows, dataset)
    found, refused = overall_scores(_sample(rows, dataset, scorer, on_metric or unheard))
    overall = {name: each.score for name, each in found.items()}
    replicates = {name: each.replicates.tolist() for name, each in found.items()}
    return Report(
        created_at=datetime.now(UTC),
        entry=entry,
        provenance=_provenance(dataset, scorer, run),
        notices=list(notices(dataset, scorer.protocol, overall, rows.values, of_run=run.notices)),
        overall=overall,
        refused=refused,
        styles=styles_of(dataset, rows.values),
        families=families_of(dataset, rows.values),
        pairs=_pairs(dataset, rows),
        replicates={name: values for name, values in replicates.items() if values},
        timings=_timings(shards, rows, run),
    )


def _sample(rows: _Rows, dataset: Dataset, scorer: Reference, heard: Heard) -> Sample:
    contents, styles = zip(*((pair.content, pair.style) for pair in dataset.pairs), strict=True)
    bootstrap = scorer.protocol.bootstrap
    return Sample(
        protocol=scorer.protocol,
        crossing=Crossing.of(contents, styles),
        resamples=crossed_resamples(
            contents, styles, replicates=bootstrap.replicates, seed=bootstrap.seed
        ),
        values=rows.values,
        features=rows.features,
        reference=lambda need: scorer.reference_rows(dataset, need),
        heard=heard,
    )


def _in_pair_order(shards: Sequence[ShardResult], dataset: Dataset) -> _Rows:
    found = [name for shard in shards for name in shard.pair_ids]
    expected = [pair.id for pair in dataset.pairs]
    _require_each_once(found, expected)
    place = {name: index for index, name in enumerate(found)}
    order = np.array([place[name] for name in expected])
    return _Rows(
        values={
            name: np.concatenate([shard.values[name] for shard in shards])[order]
            for name in shards[0].values
        },
        features={
            role: np.concatenate([shard.features[role] for shard in shards])[order]
            for role in shards[0].features
        },
        seconds=np.concatenate([shard.seconds for shard in shards])[order],
    )


def _require_each_once(found: Sequence[str], expected: Sequence[str]) -> None:
    counts = Counter(found)
    faults = {
        "missing": [name for name in expected if name not in counts],
        "more than once": [name for name, count in counts.items() if count > 1],
        "not in the dataset": sorted(counts.keys() - set(expected)),
    }
    for fault, names in faults.items():
        if names:
            raise PlatformFault(
                "shards.incomplete",
                f"The shards do not make up the dataset: {len(names)} pairs are {fault}, the first "
                f"is {names[0]}; score the evaluation again.",
            )


def _require_finite(rows: _Rows, dataset: Dataset) -> None:
    columns: list[tuple[str, NDArray[np.floating]]] = [
        *rows.values.items(),
        *rows.features.items(),
    ]
    for name, column in columns:
        bad = ~np.isfinite(column.reshape(len(column), -1)).all(axis=1)
        if bad.any():
            first = dataset.pairs[int(np.argmax(bad))].id
            raise ParticipantError(
                "entry.not_finite",
                f"The output for {first} has no finite {name}; an entry with such an output "
                "cannot be ranked.",
            )


def _provenance(dataset: Dataset, scorer: Reference, run: RunInfo) -> Provenance:
    scored_on = str(scorer.device)
    return Provenance(
        protocol=scorer.protocol.name,
        protocol_digest=scorer.protocol.digest(),
        dataset=dataset.name,
        dataset_version=dataset.version,
        dataset_digest=dataset.digest,
        evaluator_version=__version__,
        weights=scorer.weights,
        sandbox_rung=run.sandbox_rung,
        device=run.device if run.device == scored_on else f"{run.device}, scored on {scored_on}",
        torch_version=scorer.torch_version,
        onnxruntime_version=scorer.onnxruntime_version,
        seed=scorer.protocol.bootstrap.seed,
    )


def _pairs(dataset: Dataset, rows: _Rows) -> list[PairScores]:
    return [
        PairScores(
            pair=pair.id,
            content=pair.content,
            style=pair.style,
            values={name: float(column[index]) for name, column in rows.values.items()},
            seconds=float(rows.seconds[index]),
        )
        for index, pair in enumerate(dataset.pairs)
    ]


def _timings(shards: Sequence[ShardResult], rows: _Rows, run: RunInfo) -> Timings:
    peaks = [shard.usage.peak_memory_bytes for shard in shards]
    known = [peak for peak in peaks if peak is not None]
    return Timings(
        total_seconds=run.total_seconds,
        startup_seconds=max(shard.usage.startup_seconds for shard in shards),
        stylize_seconds=float(np.median(rows.seconds)),
        peak_memory_bytes=max(known, default=None),
    )
