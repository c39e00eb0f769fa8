"""A factory of small reports."""

from datetime import UTC, datetime

from evaluator.report import EntryInfo, PairScores, Provenance, Report, Score, StyleScores, Timings


def report(
    *, value: float = 1.0, replicates: list[float] | None = None, dataset_digest: str = "d" * 64
) -> Report:
    """One pair, one metric (content loss) with the given value and replicates."""
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
        overall={"content_loss": Score(value=value, n=1)},
        styles=[StyleScores(style="s", family="", n=1, scores={"content_loss": value})],
        pairs=[
            PairScores(
                pair="c__s", content="c", style="s", values={"content_loss": value}, seconds=0.1
            )
        ],
        replicates={"content_loss": replicates or []},
        timings=Timings(total_seconds=1, startup_seconds=0.1, stylize_seconds=0.1),
    )
