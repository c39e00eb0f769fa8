"""Whether a phase takes entries now, and receiving one from a stranger: its name and its bytes."""

import re
from pathlib import Path

from django.core.files import File
from django.utils import timezone

from evaluator.errors import ParticipantError
from stylearena.competitions.models import Phase

_ODD = re.compile(r"[^\w .,()+-]+")


def closed_reason(phase: Phase) -> str:
    """Why the phase takes no entry now, in a sentence; empty if it does."""
    if phase.is_open():
        return ""
    if phase.opens_at > timezone.now():
        return f"This phase opens on {phase.opens_at:%d %B %Y at %H:%M} UTC; hand in then."
    return "This phase is closed: it takes no more submissions."


def require_open(phase: Phase) -> None:
    """ParticipantError ``phase.closed`` unless the phase takes entries now."""
    reason = closed_reason(phase)
    if reason:
        raise ParticipantError("phase.closed", reason)


def receive(upload: "File[bytes]", folder: Path, *, filename: str, limit: int) -> Path:
    """Stream the upload into ``folder``, ending at ``limit`` bytes and not after it."""
    target = folder / safe_name(filename)
    room = limit
    with target.open("wb") as sink:
        for chunk in upload.chunks():
            room -= len(chunk)
            if room < 0:
                raise too_large(limit)
            sink.write(chunk)
    return target


def too_large(limit: int) -> ParticipantError:
    """What an upload of more than ``limit`` bytes is told."""
    return ParticipantError(
        "entry.archive.too_large",
        f"The archive has more than the {limit / (1 << 20):g} MiB allowed; make the model smaller.",
    )


def safe_name(filename: str) -> str:
    """The upload's name without its path or anything odd; a bare model is named after it."""
    name = Path(filename.replace("\\", "/").replace("\0", "")).name
    stem = _ODD.sub("-", Path(name).stem)[:80].strip(" .-")
    suffix = _ODD.sub("", Path(name).suffix)[:10]
    return (stem or "entry") + suffix
