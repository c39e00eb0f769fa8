"""A competition's folder, read strictly: ``competition.toml``, ``description.md``, ``rules.md``.

    title, slug, tagline
    [[phases]]
    slug, title, dataset, smoke_dataset, protocol, ranking_metric, visibility, opens_at, closes_at
    [phases.limits]
    per_day, in_total, at_once, archive_bytes, unpacked_bytes, memory_bytes, processes, sandbox, …

A dataset is a folder beside the file, or ``demo-public`` or ``demo-heldout``. Nothing is changed
here: this module only reads, and refuses with one sentence.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from evaluator.datasets import Dataset, load_dataset
from evaluator.errors import OrganiserError
from evaluator.protocols import DEFAULT_PROTOCOL
from stylearena.competitions.models import Sandbox, Visibility

__all__ = [
    "DESCRIPTION_FILE",
    "Bundle",
    "Description",
    "Limits",
    "PhaseDescription",
    "dataset_at",
    "read_bundle",
]

DESCRIPTION_FILE = "competition.toml"
_MAX_BYTES = 1 << 20
_DEMO_SPLITS: Mapping[str, Literal["public", "heldout"]] = {
    "demo-public": "public",
    "demo-heldout": "heldout",
}


def _moment(value: object) -> object:
    """TOML's dates and local times are taken as UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time.min, tzinfo=UTC)
    return value


Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=80)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Bytes = Annotated[int, Field(ge=1 << 10, le=1 << 40)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Limits(_Strict):
    """Quota and what one run may use; what is left out keeps the platform's default."""

    per_day: Count | None = None
    in_total: Count | None = None
    at_once: Count | None = None
    archive_bytes: Bytes | None = None
    unpacked_bytes: Bytes | None = None
    memory_bytes: Bytes | None = None
    scratch_bytes: Bytes | None = None
    processes: Annotated[int, Field(ge=1, le=4096)] | None = None
    pair_seconds: Annotated[float, Field(ge=0.1, le=86_400)] | None = None
    wall_seconds: Annotated[float, Field(ge=1, le=604_800)] | None = None
    sandbox: Annotated[Sandbox, Field(strict=False)] | None = None
    shard_pairs: Count | None = None


class PhaseDescription(_Strict):
    """One ``[[phases]]`` table."""

    slug: Slug
    title: Title
    dataset: Annotated[str, Field(min_length=1)]
    smoke_dataset: Annotated[str, Field(min_length=1)] = "demo-public"
    public: bool = False
    protocol: str = DEFAULT_PROTOCOL
    ranking_metric: str = "total_loss"
    visibility: Visibility = Field(default=Visibility.SCORES, strict=False)
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    limits: Limits = Limits()


class Description(_Strict):
    """What ``competition.toml`` says."""

    title: Title
    slug: Slug
    tagline: Annotated[str, Field(max_length=300)] = ""
    phases: Annotated[tuple[PhaseDescription, ...], Field(min_length=1, strict=False)]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A competition as its folder describes it; the texts are Markdown."""

    said: Description
    description: str
    rules: str


def read_bundle(folder: Path) -> Bundle:
    """Read the folder; OrganiserError ``competition.*`` for the first thing wrong with it."""
    raw = _read_toml(folder / DESCRIPTION_FILE)
    texts = {name: _read_text(folder / f"{name}.md") for name in ("description", "rules")}
    try:
        described = Description.model_validate(raw)
    except ValidationError as error:
        raise _bad(_first_fault(error)) from error
    slugs = [phase.slug for phase in described.phases]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise _bad(f"has two phases with the slug {slug!r}; rename one")
    return Bundle(described, **texts)


def dataset_at(folder: Path, reference: str) -> Dataset:
    """The dataset a bundle names: one of the demo's, or a folder beside ``competition.toml``."""
    if reference in _DEMO_SPLITS:
        from evaluator.demo import demo_dataset  # paints on first use; no page needs its tools

        return demo_dataset(_DEMO_SPLITS[reference])
    return load_dataset(folder / reference)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_read_text(path, required=True))
    except tomllib.TOMLDecodeError as error:
        raise _bad(f"is not valid TOML ({error}); correct the file") from error


def _read_text(path: Path, *, required: bool = False) -> str:
    if not path.is_file():
        if required:
            raise OrganiserError(
                "competition.missing",
                f"There is no {path}; name a folder that holds a {DESCRIPTION_FILE}.",
            )
        return ""
    if path.stat().st_size > _MAX_BYTES:
        raise OrganiserError(
            "competition.too_large", f"{path.name} is larger than 1 MiB; shorten it."
        )
    try:
        return path.read_text("utf-8").strip()
    except UnicodeDecodeError as error:
        raise OrganiserError(
            "competition.encoding", f"{path.name} is not UTF-8 text; save it as UTF-8."
        ) from error


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_context=False)[0]
    where = "".join(
        f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]
    ).removeprefix(".")
    if fault["type"] == "extra_forbidden":
        return f"has an unknown key {where}; correct or remove it"
    if fault["type"] == "missing":
        return f"has no {where}; add it"
    message = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"has a wrong {where}: {message}; correct it"


def _bad(what: str) -> OrganiserError:
    return OrganiserError("competition.description", f"{DESCRIPTION_FILE} {what}.")
