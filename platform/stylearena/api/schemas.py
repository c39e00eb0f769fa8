"""What the API says, typed: the board comes as its own document, errors as code and sentence."""

from datetime import datetime

from pydantic import BaseModel

from stylearena.competitions.models import Competition, Phase

__all__ = ["CompetitionOut", "CompetitionSummary", "DatasetOut", "ErrorOut", "PhaseOut"]


class ErrorOut(BaseModel):
    """Every answer that is not a success."""

    code: str
    message: str


class DatasetOut(BaseModel):
    name: str
    version: str
    title: str
    digest: str
    contents: int
    styles: int
    pairs: int
    is_public: bool


class PhaseOut(BaseModel):
    slug: str
    title: str
    protocol: str
    protocol_digest: str
    ranking_metric: str
    visibility: str
    opens_at: datetime
    closes_at: datetime | None
    is_open: bool
    dataset: DatasetOut

    @classmethod
    def of(cls, phase: Phase) -> "PhaseOut":
        return cls(
            slug=phase.slug,
            title=phase.title,
            protocol=phase.protocol,
            protocol_digest=phase.protocol_digest,
            ranking_metric=phase.ranking_metric,
            visibility=phase.visibility,
            opens_at=phase.opens_at,
            closes_at=phase.closes_at,
            is_open=phase.is_open(),
            dataset=DatasetOut.model_validate(phase.dataset, from_attributes=True),
        )


class CompetitionSummary(BaseModel):
    slug: str
    title: str
    tagline: str
    created_at: datetime
    phases: list[str]

    @classmethod
    def of(cls, competition: Competition) -> "CompetitionSummary":
        return cls(
            slug=competition.slug,
            title=competition.title,
            tagline=competition.tagline,
            created_at=competition.created_at,
            phases=[phase.slug for phase in competition.phases.all()],
        )


class CompetitionOut(BaseModel):
    slug: str
    title: str
    tagline: str
    description: str
    rules: str
    created_at: datetime
    phases: list[PhaseOut]

    @classmethod
    def of(cls, competition: Competition) -> "CompetitionOut":
        return cls(
            slug=competition.slug,
            title=competition.title,
            tagline=competition.tagline,
            description=competition.description,
            rules=competition.rules,
            created_at=competition.created_at,
            phases=[PhaseOut.of(phase) for phase in competition.phases.all()],
        )


class CompetitionsOut(BaseModel):
    total: int
    page: int
    pages: int
    competitions: list[CompetitionSummary]
