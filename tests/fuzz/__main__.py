"""``make fuzz``: every target under libFuzzer for a time, from the kept seeds; figures at the end.

A finding (crash, hang, memory, broken promise) is kept in ``build/fuzz/TARGET/``; once mended, its
file belongs among the seeds, which the default suite replays.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.targets import MAX_GROWTH, SEEDS, TARGETS

ROOT = Path(__file__).resolve().parents[2]
FINDINGS = ROOT / "build" / "fuzz"
_INPUT_SECONDS = 10  # one input may take this long
_MAX_LENGTH = 64 << 10
_START_SECONDS = 300  # for instrumenting and importing on a busy machine
_START_BYTES = 600 << 20  # onnx, numpy and Pillow themselves, with what instrumenting them takes


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one target fared: ``inputs`` tried, ``accepted`` among them, ``findings`` by file."""

    target: str
    seconds: float
    inputs: int
    accepted: int
    growth_bytes: int
    findings: Sequence[str]
    ended_well: bool


def main() -> int:
    options = _options()
    if find_spec("atheris") is None:
        print("Fuzzing needs atheris, which has wheels for Linux on x86-64 only.", file=sys.stderr)
        return 2
    outcomes = [_fuzz(name, options.seconds) for name in options.targets]
    for outcome in outcomes:
        _print(outcome)
    FINDINGS.mkdir(parents=True, exist_ok=True)
    (FINDINGS / "figures.json").write_text(json.dumps([asdict(o) for o in outcomes], indent=1))
    bad = [o for o in outcomes if o.findings or not o.ended_well]
    for outcome in bad:
        print(f"{outcome.target}: see {FINDINGS / outcome.target}", file=sys.stderr)
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="for each target")
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help=", ".join(TARGETS))
    return parser.parse_args()


def _fuzz(name: str, seconds: int) -> Outcome:
    """Run one target in a process of its own; what it learns is thrown away, what it finds kept."""
    home = FINDINGS / name
    home.mkdir(parents=True, exist_ok=True)
    before = set(home.iterdir())
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="stylearena-corpus-") as corpus:
        stats = Path(corpus) / ".stats"
        with (home / "log.txt").open("wb") as log:
            child = subprocess.Popen(
                _command(name, seconds, Path(corpus)),
                cwd=ROOT,
                env=os.environ | {"STYLEARENA_FUZZ_STATS": str(stats), "TMPDIR": corpus},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            code = _ended(child, seconds + _START_SECONDS)
        counts = [int(number) for number in stats.read_text().split()] if stats.exists() else []
    found = sorted(path.name for path in set(home.iterdir()) - before if path.name != "log.txt")
    inputs, accepted, growth = counts or (0, 0, 0)
    good = code == 0 and inputs > 0 and growth <= MAX_GROWTH
    return Outcome(name, time.monotonic() - begin, inputs, accepted, growth, found, good)


def _ended(child: "subprocess.Popen[bytes]", seconds: int) -> int:
    """The child's status; one that outlives its time is killed, which is a failure too."""
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def _command(name: str, seconds: int, corpus: Path) -> list[str]:
    grown = corpus / "grown"
    grown.mkdir()
    return [
        sys.executable,
        "-m",
        "tests.fuzz.child",
        name,
        str(grown),
        str(SEEDS / name),
        f"-max_total_time={seconds}",
        f"-timeout={_INPUT_SECONDS}",
        f"-rss_limit_mb={(_START_BYTES + MAX_GROWTH) >> 20}",
        f"-max_len={_MAX_LENGTH}",
        f"-artifact_prefix={FINDINGS / name}/",
        "-verbosity=1",
        "-print_final_stats=1",
    ]


def _print(outcome: Outcome) -> None:
    figures = {
        "inputs": (outcome.inputs, "inputs"),
        "accepted": (outcome.accepted, "inputs"),
        "seconds": (round(outcome.seconds), "s"),
        "growth": (outcome.growth_bytes >> 20, "MiB"),
        "findings": (len(outcome.findings), "files"),
    }
    for key, (value, unit) in figures.items():
        print(f"figure fuzz.{outcome.target}.{key} {value} {unit}")


if __name__ == "__main__":
    sys.exit(main())
