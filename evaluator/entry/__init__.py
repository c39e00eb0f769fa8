"""An entry, opened: unpacked, its manifest read, and checked as far as looking at it goes.

Nothing of an entry is run here, and neither torch nor onnxruntime is imported.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.entry.archive import BARE_MODEL, ArchiveLimits, unpack
from evaluator.entry.manifest import MANIFEST, Manifest, read_manifest
from evaluator.entry.onnx_checks import ModelFacts, check_onnx
from evaluator.entry.python_checks import check_python
from evaluator.entry.wording import one_line

if TYPE_CHECKING:
    from evaluator.report import EntryInfo

__all__ = ["ArchiveLimits", "Entry", "Manifest", "ModelFacts", "digest_of", "open_entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that passed the static checks. ``root`` holds ``entry.toml`` or the bare model.

    ``digest`` is the sha256 of the archive file as handed in; ``facts`` is None for Python.
    """

    manifest: Manifest
    root: Path
    digest: str
    size_bytes: int
    facts: ModelFacts | None

    @property
    def takes_style(self) -> bool:
        """Whether the model looks at the style picture (Python entries always get it)."""
        return self.facts is None or self.facts.has_style

    def info(self) -> EntryInfo:
        """What a report says of the entry."""
        from evaluator.report import EntryInfo

        manifest = self.manifest
        return EntryInfo(
            name=manifest.name,
            digest=self.digest,
            runtime=manifest.runtime,
            size_bytes=self.size_bytes,
            parameters=self.facts.parameters if self.facts else None,
            licence=manifest.licence,
            authors=manifest.authors,
            paper=manifest.paper,
            code=manifest.code,
            training=manifest.training,
            styles=manifest.styles,
        )


def open_entry(archive: Path, into: Path, limits: ArchiveLimits | None = None) -> Entry:
    """Unpack ``archive`` into the empty folder ``into`` and check all that can be checked unrun.

    Raises ParticipantError ``entry.archive.*``, ``entry.manifest.*``, ``entry.onnx.*`` or
    ``entry.python.*``; each message is one sentence for the entry's author.
    """
    unpack(archive, into, limits)
    if archive.suffix.lower() == ".onnx":
        root, manifest = into, _bare_manifest(archive)
    else:
        root = _root(into)
        manifest = read_manifest(root / MANIFEST)
    return Entry(
        manifest=manifest,
        root=root,
        digest=digest_of(archive),
        size_bytes=archive.stat().st_size,
        facts=_check_model(manifest, root),
    )


def digest_of(archive: Path) -> str:
    """The sha256 of the archive file, by which an entry is known."""
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bare_manifest(archive: Path) -> Manifest:
    return Manifest(name=one_line(archive.stem, 80) or "model", runtime="onnx", model=BARE_MODEL)


def _root(folder: Path) -> Path:
    """The folder of ``entry.toml``: the top, or the single folder that the archive wraps around."""
    inside = sorted(folder.iterdir())
    if len(inside) == 1 and inside[0].is_dir() and (inside[0] / MANIFEST).is_file():
        return inside[0]
    return folder


def _check_model(manifest: Manifest, root: Path) -> ModelFacts | None:
    if manifest.model is not None:
        return check_onnx(root / manifest.model, root)
    check_python(root, manifest.entry or "")
    return None
