"""One target under libFuzzer (atheris), in a process of its own: ``child TARGET OPTIONS``.

libFuzzer guides by coverage, and ends with an artifact at a crash, a hang or too much memory.
"""

import os
import sys

import atheris

with atheris.instrument_imports(include=["evaluator", "tests.fuzz", "tomllib", "zipfile"]):
    from tests.fuzz.targets import TARGETS, peak_bytes, resident_bytes

_COUNT_EVERY = 50


def main(name: str, options: list[str]) -> None:
    """Fuzz ``name`` until the options' limits; atheris ends the process."""
    target = TARGETS[name]
    begin = resident_bytes(reset=True)
    count = accepted = most = 0

    def one(data: bytes) -> None:
        nonlocal count, accepted, most
        count += 1
        accepted += target.feed(data)
        most = max(most, peak_bytes() - begin)
        if count % _COUNT_EVERY == 0 and "STYLEARENA_FUZZ_STATS" in os.environ:
            _note(count, accepted, most)

    atheris.Setup([f"fuzz-{name}", *options], one)
    atheris.Fuzz()


def _note(count: int, accepted: int, growth: int) -> None:
    """What the parent reads when the process has ended, whichever way."""
    with open(os.environ["STYLEARENA_FUZZ_STATS"], "w") as file:  # noqa: PTH123 (hot path)
        file.write(f"{count} {accepted} {growth}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
