"""The second painter's process: ``python -m evaluator.demo.painting FOLDER SPLIT START STEP``."""

import sys
from pathlib import Path

from evaluator.demo.painter import paint_share

if __name__ == "__main__":
    folder, split, start, step = sys.argv[1:]
    paint_share(
        Path(folder),
        "public" if split == "public" else "heldout",
        start=int(start),
        step=int(step),
    )
