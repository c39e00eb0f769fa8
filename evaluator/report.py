"""The report: the one typed, versioned result that the CLI, the page and the site all read.

Pydantic models, frozen, every number finite: a score that is not is refused, never coerced.
Nothing here computes a score.
"""

from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from evaluator.errors import ParticipantError

__all__ = [
    "EntryInfo",
    "FamilyScores",
    "PairScores",
    "Provenance",
    "ProvenanceKey",
    "Report",
    "Score",
    "StyleScores",
    "Timings",
]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EntryInfo(_Record):
    """What was handed in: ``digest`` is the sha256 of the archive file, the rest its card.

    "pictures" are outputs that were made elsewhere: nothing is known of their cost. ``styles`` are
    the ids of those that the model is made for; empty if it takes any. It is judged on all pairs.
    """

    name: str
    digest: str
    runtime: Literal["onnx", "python", "pictures"]
    size_bytes: int
    parameters: int | None = None
    licence: str = ""
    authors: str = ""
    paper: str = ""
    code: str = ""
    training: str = ""
    styles: tuple[str, ...] = ()


class ProvenanceKey(NamedTuple):
    """Scores may be ranked together exactly where this is equal."""

    protocol_digest: str
    dataset_digest: str
    evaluator_version: str


class Provenance(_Record):
    """How the scores came about; ``seed`` is that of the bootstrap, ``weights`` name → sha256."""

    protocol: str
    protocol_digest: str
    dataset: str
    dataset_version: str
    dataset_digest: str
    evaluator_version: str
    weights: dict[str, str]
    sandbox_rung: str
    device: str
    torch_version: str
    onnxruntime_version: str = ""
    seed: int

    @property
    def key(self) -> ProvenanceKey:
        """What must be equal for two scores to be compared."""
        return ProvenanceKey(self.protocol_digest, self.dataset_digest, self.evaluator_version)


class Score(_Record):
    """A value over ``n`` pairs with its bootstrap interval, if the pairs support one."""

    value: FiniteFloat
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    n: int


class StyleScores(_Record):
    """Means over the ``n`` pairs of one style picture, for every metric that pairs have."""

    style: str
    family: str
    n: int
    scores: dict[str, FiniteFloat]


class FamilyScores(_Record):
    """Means over the ``n`` pairs whose style picture is of one family."""

    family: str
    n: int
    scores: dict[str, FiniteFloat]


class PairScores(_Record):
    """One pair's values; ``seconds`` is how long the entry took for it."""

    pair: str
    content: str
    style: str
    values: dict[str, FiniteFloat]
    seconds: FiniteFloat


class Timings(_Record):
    """Wall-clock times; ``stylize_seconds`` is the median of a pair, memory that of the entry."""

    total_seconds: FiniteFloat
    startup_seconds: FiniteFloat
    stylize_seconds: FiniteFloat
    peak_memory_bytes: int | None = None


class Report(_Record):
    """The scores of one entry on one dataset under one protocol.

    ``refused`` gives for each metric that the sample cannot support the sentence why.
    ``replicates`` holds each metric's bootstrap replicates; reports of equal provenance drew the
    same resamples, so the k-th replicates of both can be subtracted (``intervals``).
    """

    schema_version: Literal[1] = 1
    created_at: datetime
    entry: EntryInfo
    provenance: Provenance
    notices: list[str] = Field(default_factory=list)
    overall: dict[str, Score]
    refused: dict[str, str] = Field(default_factory=dict)
    styles: list[StyleScores]
    families: list[FamilyScores] = Field(default_factory=list)
    pairs: list[PairScores]
    replicates: dict[str, list[FiniteFloat]] = Field(default_factory=dict)
    timings: Timings

    @classmethod
    def load(cls, path: Path) -> "Report":
        """Read a report file; ParticipantError ``report.unreadable`` or ``report.invalid``."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise ParticipantError(
                "report.unreadable",
                f"The report {path} cannot be read: {error.strerror}; check its path.",
            ) from error
        except ValidationError as error:
            raise ParticipantError(
                "report.invalid",
                f"{path} is not a report this version reads ({_first_fault(error)}); "
                "make it again with `stylearena evaluate`.",
            ) from error

    def __repr__(self) -> str:
        """The scores; pairs and replicates would fill a hundred pages."""
        from evaluator.presentation import in_brief

        return in_brief(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        from evaluator.report_notebook import render_fragment

        return render_fragment(self)

    def save(self, path: Path) -> None:
        """Write the report as JSON, whole or not at all."""
        with NamedTemporaryFile(dir=path.parent, prefix=".report-", delete=False) as part:
            try:
                part.write(self.model_dump_json().encode())
                part.flush()
                Path(part.name).chmod(0o644)  # a temporary file is for its owner alone
                Path(part.name).replace(path)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
