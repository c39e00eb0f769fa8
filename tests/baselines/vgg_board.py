"""``python -m tests.baselines.vgg_board NAME ENTRIES RUNS DATASET RESULTS``: VGG-19's scores.

As ``python -m baselines measure``, under a protocol on the trained networks of ``../shared``, which
end at conv4_1 and are not ours to ship. FID of 768 channels is refused: it needs more pairs.
"""

import os
import sys
from pathlib import Path

from evaluator.protocols import MetricSpec
from evaluator.set_specs import MANIFOLD_MINIMUM, NEIGHBOURS
from tests.evaluator.trained_features import WEIGHTS, trained_protocol

NAME = "vgg19-to-conv4_1"


def main(name: str, entries: Path, runs: Path, dataset: str, results: Path) -> None:
    """Measure the exported archives of a method, or of all, and note the scores."""
    from baselines.results import measure_entries

    os.environ["STYLEARENA_WEIGHTS_DIR"] = str(WEIGHTS)
    coverage = MetricSpec("coverage", (("k", NEIGHBOURS),), MANIFOLD_MINIMUM)
    protocol = trained_protocol(
        NAME, fid_minimum=768, replicates=1000, set_replicates=200, others=(coverage,)
    )
    lines = measure_entries(
        name, entries, runs, protocol=protocol.name, dataset=dataset, results=results
    )
    for line in lines:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], Path(sys.argv[5]))
