"""Scored entries as judging leaves them: promoted evaluation, scores, report, gallery on disk."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import factory
from django.core.files.base import ContentFile
from django.urls import reverse

from evaluator.datasets import Pair, load_dataset
from evaluator.images import PicturePolicy, decode, encode_png
from evaluator.protocols import protocol
from evaluator.report import (
    EntryInfo,
    PairScores,
    Provenance,
    Report,
    Score,
    StyleScores,
    Timings,
)
from evaluator.version import __version__
from stylearena.accounts.models import User
from stylearena.competitions.models import Phase, Visibility
from stylearena.competitions.services import board_changed, register_dataset
from stylearena.judging import models as judging
from stylearena.submissions.models import State, Submission
from tests.web.factories import PhaseFactory, SubmissionFactory, UserFactory, write_dataset

START = datetime(2026, 1, 1, tzinfo=UTC)
# A real password costs a slow hash each; nobody here logs in with one.
NO_PASSWORD = factory.Transformer.Force("!")


def somebody(**fields: Any) -> User:
    return UserFactory(password=NO_PASSWORD, **fields)


def phase_of(**fields: Any) -> Phase:
    return PhaseFactory(competition__organiser__password=NO_PASSWORD, **fields)


def scored(
    phase: Phase,
    *,
    name: str = "Method",
    participant: User | None = None,
    version: str = __version__,
    minutes: int = 0,
    promoted: bool = True,
    **scores: float,
) -> judging.Evaluation:
    """A scored entry with the given overall scores (total loss 1 unless said)."""
    submission = SubmissionFactory(
        phase=phase,
        name=name,
        participant=participant or somebody(),
        state=State.SCORED,
        created_at=START + timedelta(minutes=minutes),
    )
    evaluation = judging.Evaluation.objects.create(
        submission=submission,
        stage=judging.Stage.FULL,
        dataset=phase.dataset,
        protocol=phase.protocol,
        protocol_digest=phase.protocol_digest,
        evaluator_version=version,
        state=State.SCORED,
        is_promoted=promoted,
        finished_at=START + timedelta(minutes=minutes),
        deadline=START + timedelta(days=1),
    )
    for metric, value in (scores or {"total_loss": 1.0}).items():
        evaluation.scores.create(metric=metric, value=value, low=value * 0.9, high=value, n=6)
    board_changed(phase.pk)
    phase.refresh_from_db(fields=["board_version"])
    return evaluation


def phase_with_pictures(
    folder: Path,
    *,
    visibility: str = Visibility.OPEN,
    is_public: bool = False,
    name: str = "tiny",
) -> Phase:
    """An open phase whose dataset really lies in ``folder``: three contents, two styles.

    The dataset is public where the phase shows its pictures, as every way to make one demands.
    """
    dataset = load_dataset(write_dataset(folder, name=name))
    row = register_dataset(dataset, folder, is_public=is_public or visibility == Visibility.OPEN)
    return phase_of(dataset=row, visibility=visibility)


def exhibited(phase: Phase, **options: Any) -> judging.Evaluation:
    """A scored entry with a whole report and, for every pair, the content as its output."""
    evaluation = scored(phase, **options)
    dataset = load_dataset(Path(phase.dataset.folder))
    report = report_of(evaluation.submission, dataset.pairs)
    evaluation.report.save("report.json", ContentFile(report.model_dump_json().encode()))
    for pair in dataset.pairs:
        pixels = decode(dataset.content.by_id(pair.content).path, PicturePolicy())
        kept = judging.GalleryPicture(
            evaluation=evaluation, pair=pair.id, content=pair.content, style=pair.style
        )
        kept.picture.save(f"{pair.id}.png", ContentFile(encode_png(pixels)))
    return evaluation


def _style_scores(rows: Sequence[PairScores]) -> list[StyleScores]:
    return [
        StyleScores(
            style=style,
            family=f"family of {style}",
            n=sum(row.style == style for row in rows),
            scores={"content_loss": 1.0 + i, "style_loss": 0.5},
        )
        for i, style in enumerate(sorted({row.style for row in rows}))
    ]


def _provenance(phase: Phase) -> Provenance:
    return Provenance(
        protocol=phase.protocol,
        protocol_digest=phase.protocol_digest,
        dataset=phase.dataset.name,
        dataset_version=phase.dataset.version,
        dataset_digest=phase.dataset.digest,
        evaluator_version=__version__,
        weights=protocol(phase.protocol).weights,
        sandbox_rung="bubblewrap",
        device="cpu",
        torch_version="2.15.0",
        seed=1,
    )


def report_of(submission: Submission, pairs: Sequence[Pair]) -> Report:
    """A report with a value for every pair, a mean for every style, and replicates."""
    phase = submission.phase
    rows = [
        PairScores(
            pair=pair.id,
            content=pair.content,
            style=pair.style,
            values={"content_loss": 1.25 + i, "style_loss": 0.5},
            seconds=0.02,
        )
        for i, pair in enumerate(pairs)
    ]
    return Report(
        created_at=START,
        entry=EntryInfo(**submission.info),
        provenance=_provenance(phase),
        overall={
            "content_loss": Score(value=3.75, low=3.5, high=4.0, n=len(rows)),
            "style_loss": Score(value=0.5, n=len(rows)),
        },
        refused={"fid": "FID needs at least 96 pairs; this run had 6."},
        styles=_style_scores(rows),
        pairs=rows,
        replicates={"content_loss": [3.6, 3.7, 3.9]},
        timings=Timings(
            total_seconds=75.0,
            startup_seconds=0.81,
            stylize_seconds=0.0213,
            peak_memory_bytes=300 << 20,
        ),
    )


def page_text(response: Any) -> str:
    """The page with every run of white space as one space: how it is laid out does not matter."""
    return " ".join(response.content.decode().split())


def board_url(phase: Phase, query: str = "") -> str:
    return reverse("leaderboards:board", args=(phase.competition.slug, phase.slug)) + query


def entry_url(evaluation: judging.Evaluation, query: str = "") -> str:
    return reverse("leaderboards:entry", args=(evaluation.submission_id,)) + query


def picture_url(entry: uuid.UUID, pair: str, role: str, suffix: str = "jpeg") -> str:
    return reverse("leaderboards:picture", args=(entry, pair, role, suffix))
