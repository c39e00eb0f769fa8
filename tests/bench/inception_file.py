"""``python -m tests.bench.inception_file PATH``: the whole of FID's Inception, seeded, in a file.

The published form of the weights, random, so that a network of full size can be timed offline.
"""

import sys
from pathlib import Path


def main(path: Path) -> None:
    """Write the state dict."""
    import torch

    from tests.evaluator.backbones.peers import random_state

    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(random_state(), path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
