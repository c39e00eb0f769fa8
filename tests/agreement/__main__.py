"""``python -m tests.agreement``: measure every difference again and write the page of them.

Needs the real weights and pictures (STYLEARENA_SHARED); takes some minutes.
"""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.agreement.page import PAGE, rendered
from tests.agreement.rows import ROWS
from tests.figures import read_figures

ROOT = Path(__file__).parents[2]
MEASURED_BY = (
    "tests/evaluator/backbones/test_inception_streams.py",
    "tests/evaluator/fid/test_command.py",
    "tests/evaluator/metrics",
    "tests/evaluator/test_agreement.py",
    "tests/evaluator/test_agreement_peers.py",
    "tests/evaluator/test_pair_agreement.py",
)
PACKAGES = (
    "stylearena",
    "clean-fid",
    "lpips",
    "numpy",
    "onnxruntime",
    "prdc",
    "pytorch-fid",
    "scikit-image",
    "scipy",
    "torch",
    "torch-fidelity",
    "torchmetrics",
    "torchvision",
)


def measure(figures: Path) -> dict[str, float]:
    """Run the tests; name → the largest difference. Ends the program if one of them fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "agreement", *MEASURED_BY]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"STYLEARENA_FIGURES": str(figures)}, check=False
    )
    if done.returncode != 0:
        sys.exit("The tests that measure agreement fail: the page is left as it is.")
    found: dict[str, float] = {}
    for figure in read_figures(figures):
        name = figure.name.removeprefix("agreement.")
        if name in ROWS:
            found[name] = max(figure.value, found.get(name, 0.0))
    if missing := ROWS.keys() - found.keys():
        sys.exit(f"Not measured: {', '.join(sorted(missing))}; are weights and pictures there?")
    return found


def main() -> None:
    with TemporaryDirectory() as folder:
        measured = measure(Path(folder) / "figures.jsonl")
    versions = {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    PAGE.write_text(rendered(measured, versions), "utf-8")
    print(f"{PAGE.relative_to(ROOT)}: {len(measured)} comparisons")


if __name__ == "__main__":
    main()
