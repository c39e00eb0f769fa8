"""``python -m stylearena.demo.painting FILE``: build both demo datasets, noting progress in FILE.

A process of its own, so that the demo's supervisor starts everything from its only thread.
"""

import sys
from pathlib import Path

from evaluator.demo import demo_dataset
from evaluator.demo.works import Split

__all__ = ["main"]


def main(note: Path) -> None:
    """Build what is missing; ``note`` holds "done total" of both splits together."""
    splits: tuple[Split, ...] = ("public", "heldout")
    for number, split in enumerate(splits):

        def tell(done: int, total: int, number: int = number) -> None:
            note.write_text(f"{number * total + done} {len(splits) * total}", "ascii")

        demo_dataset(split, progress=tell)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
