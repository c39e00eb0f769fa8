"""A factory of small reports."""

from collections.abc import Sequence
from datetime import UTC, datetime

from evaluator.report import EntryInfo, PairScores, Provenance, Report, Score, StyleScores, Timings


def _pair_scores(content: str, style: str, value: float) -> PairScores:
    return PairScores(
        pair=f"{content}__{style}",
        content=content,
        style=style,
        values={"content_loss": value},
        seconds=0.1,
    )


def report(
    *,
    value: float = 1.0,
    replicates: list[float] | None = None,
    dataset_digest: str = "d" * 64,
    metric: str = "content_loss",
    pairs: Sequence[tuple[str, str, float]] = (),
) -> Report:
    """One metric with the given value and replicates.

    ``pairs`` are contents, styles and the metric's value: one pair of that value by default.
    """
    of_pairs = pairs or [("c", "s", value)]
    return Report(
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        entry=EntryInfo(name="E", digest="e" * 64, runtime="onnx", size_bytes=1),
        provenance=Provenance(
            protocol="untrained-1",
            protocol_digest="p" * 64,
            dataset="demo",
            dataset_version="1",
            dataset_digest=dataset_digest,
            evaluator_version="0",
            weights={},
            sandbox_rung="process",
            device="cpu",
            torch_version="2",
            seed=0,
        ),
        overall={metric: Score(value=value, n=len(of_pairs))},
        styles=[StyleScores(style="s", family="", n=1, scores={"content_loss": value})],
        pairs=[_pair_scores(*pair) for pair in of_pairs],
        replicates={metric: replicates or []},
        timings=Timings(total_seconds=1, startup_seconds=0.1, stylize_seconds=0.1),
    )
