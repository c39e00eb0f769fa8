"""What is fuzzed: each target takes bytes and an empty folder, and may only refuse in words."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from evaluator.errors import OrganiserError, ParticipantError
from tests.fuzz import archives, frames, manifests, models, pictures

__all__ = ["MAX_GROWTH", "SEEDS", "TARGETS", "Target", "peak_bytes", "resident_bytes"]

SEEDS = Path(__file__).with_name("seeds")
MAX_GROWTH = 512 << 20


@dataclass(frozen=True, slots=True)
class Target:
    """``run`` raises what ``refusals`` names for bad input, and nothing else ever."""

    name: str
    run: Callable[[bytes, Path], None]
    refusals: type[Exception]

    @property
    def seeds(self) -> list[Path]:
        return sorted((SEEDS / self.name).iterdir())

    def feed(self, data: bytes) -> bool:
        """Whether the target accepts ``data``; AssertionError if that costs too much memory."""
        before = resident_bytes(reset=True)
        folder = Path(mkdtemp(prefix="stylearena-fuzz-"))
        try:
            self.run(data, folder)
        except self.refusals:
            return False
        finally:
            shutil.rmtree(folder)
            if (growth := peak_bytes() - before) > MAX_GROWTH:
                raise AssertionError(f"one input took {growth >> 20} MiB")
        return True


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target("archive", archives.run, ParticipantError),
        Target("manifest", manifests.run, ParticipantError),
        Target("model", models.run, ParticipantError),
        Target("frames", frames.run, ParticipantError),
        Target("picture", pictures.run, OrganiserError),
    )
}


def peak_bytes() -> int:
    """The most memory this process held since its start, or since the last reset.

    Not getrusage's figure: that one is inherited from the process that started this one.
    """
    return _status("VmHWM")


def resident_bytes(*, reset: bool) -> int:
    """The memory that this process holds now; the peak is counted from here on if ``reset``."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) << 10
    raise LookupError(field)
