"""What scoring pairs leaves behind: values and feature rows, of one pair and of a whole shard.

Shards are stored and sent as ``.npz`` without pickle; set metrics are computed from their rows at
the end. No torch: the site reads them too.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import PlatformFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evaluator.datasets import Pair
    from evaluator.sandbox.limits import Usage

__all__ = ["PairDone", "PairScore", "ShardResult"]

_VALUE, _FEATURE = "value.", "feature."


@dataclass(frozen=True, slots=True)
class PairScore:
    """One pair: metric → value, and backbone role → feature row float32 [d]."""

    values: dict[str, float]
    features: dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class PairDone:
    """A finished pair, as listeners hear of it: ``pixels`` is the output, uint8 ``[H, W, 3]``."""

    index: int
    total: int
    pair: Pair
    pixels: NDArray[np.uint8]
    score: PairScore
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class ShardResult:
    """n scored pairs: values float64 [n], features float32 [n, d], the entry's seconds [n]."""

    pair_ids: tuple[str, ...]
    values: dict[str, NDArray[np.float64]]
    features: dict[str, NDArray[np.float32]]
    seconds: NDArray[np.float64]
    usage: Usage

    @classmethod
    def of(
        cls,
        pairs: Sequence[Pair],
        scores: Sequence[PairScore],
        seconds: Sequence[float],
        usage: Usage,
    ) -> ShardResult:
        """The scores of ``pairs``, stacked in their order; at least one pair."""
        return cls(
            pair_ids=tuple(pair.id for pair in pairs),
            values={
                name: np.array([score.values[name] for score in scores], dtype=np.float64)
                for name in scores[0].values
            },
            features={
                name: np.stack([score.features[name] for score in scores])
                for name in scores[0].features
            },
            seconds=np.array(seconds, dtype=np.float64),
            usage=usage,
        )

    def save(self, path: Path) -> None:
        """Write to exactly ``path``, whatever its suffix."""
        usage = self.usage
        resources = [
            math.nan if used is None else float(used)
            for used in (usage.peak_memory_bytes, usage.cpu_seconds, usage.startup_seconds)
        ]
        arrays: dict[str, Any] = {
            "pair_ids": np.array(self.pair_ids, dtype=np.str_),
            "seconds": self.seconds,
            "usage": np.array(resources),
        }
        arrays |= {f"{_VALUE}{name}": column for name, column in self.values.items()}
        arrays |= {f"{_FEATURE}{role}": rows for role, rows in self.features.items()}
        with path.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> ShardResult:
        """Read what ``save`` wrote; PlatformFault ``shard.unreadable``."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return cls._from({name: arrays[name] for name in arrays.files})
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise PlatformFault(
                "shard.unreadable", f"The shard result {path} cannot be read; score it again."
            ) from error

    @classmethod
    def _from(cls, arrays: dict[str, NDArray[np.float64]]) -> ShardResult:
        from evaluator.sandbox.limits import Usage

        memory, cpu, startup = (float(used) for used in arrays["usage"])
        return cls(
            pair_ids=tuple(str(name) for name in arrays["pair_ids"]),
            values=_named(arrays, _VALUE),
            features={
                role: rows.astype(np.float32) for role, rows in _named(arrays, _FEATURE).items()
            },
            seconds=arrays["seconds"],
            usage=Usage(
                peak_memory_bytes=None if math.isnan(memory) else int(memory),
                cpu_seconds=None if math.isnan(cpu) else cpu,
                startup_seconds=startup,
            ),
        )


def _named(arrays: dict[str, NDArray[np.float64]], prefix: str) -> dict[str, NDArray[np.float64]]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
