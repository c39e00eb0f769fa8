"""``python -m tests.baselines.coverage_board RUNS DATASET A B``: whose outputs cover more works.

The board's coverage, by Inception on a hundred pictures, is 0 for all that was trained here. This
is the training monitor's, on the statistics of ``../shared``'s VGG-19, of many more crops: contents
in the style of one half of the works, among crops of the other half, and the other way round. Both
methods are given the same pictures; intervals are of works resampled, since crops of one work are
no several ones.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from baselines.features import FeatureNetwork, feature_network
from baselines.registry import trained
from baselines.runs import weights_of
from baselines.training.monitor import style_rows
from baselines.training.pictures import Batch, Pictures, load_pictures
from baselines.training.settings import STYLE_LAYERS
from baselines.training.weights import load_weights
from evaluator.datasets import load_dataset
from evaluator.neighbours import radii, squared_distances
from tests.evaluator.trained_features import WEIGHTS

COUNT = 1000  # crops of works
K = 20
REPLICATES = 2000
VGG = "vgg19_caffe_bgr_relu4_1_mixed.pth"


def main(runs: Path, dataset: Path, names: tuple[str, str]) -> Iterator[str]:
    """A line for each method, and one for the difference: value (95 % interval)."""
    os.environ["STYLEARENA_WEIGHTS_DIR"] = str(WEIGHTS)
    network = feature_network(VGG, STYLE_LAYERS)
    settings = trained(names[0]).presets["cpu"]
    pictures = load_pictures(load_dataset(dataset), settings)
    torch.manual_seed(settings.seed)
    batch, others = (pictures.draw(COUNT, settings.crop, torch.device("cpu")) for _ in range(2))
    of_work = np.concatenate([others.index[others.index % 2 == half] for half in (0, 1)])
    covered = [_covered(name, runs, pictures, batch, others, network) for name in names]
    for name, each in zip(names, covered, strict=True):
        yield f"{name}: {_interval(each.astype(float), of_work)}"
    difference = covered[1].astype(float) - covered[0].astype(float)
    yield f"{names[1]} − {names[0]}: {_interval(difference, of_work)}"


def _covered(
    name: str, runs: Path, pictures: Pictures, batch: Batch, others: Batch, network: FeatureNetwork
) -> NDArray[np.bool_]:
    """Whether each crop's ball, which reaches to its K-th neighbour, holds an output: [R].

    Crops of even works first; outputs are led by odd works there, by even ones after.
    """
    (path,) = weights_of(name, runs)
    state, _ = load_weights(path)
    painter = trained(name).network(trained(name).presets["cpu"], pictures.styles)
    painter.load_state_dict(state)
    painter.eval()
    found = []
    for half in (0, 1):
        led = batch.index % 2 != half
        with torch.no_grad():
            pairs = zip(batch.content[led][:, None], batch.style[led][:, None], strict=True)
            outputs = torch.cat([painter(content, style) for content, style in pairs])
        works = others.style[others.index % 2 == half]
        found.append(_inside(*style_rows(network, outputs, works)))
    return np.concatenate(found)


def _inside(rows: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.bool_]:
    nearest = np.full(len(reference), np.inf)
    for part, distances in squared_distances(reference, rows):
        nearest[part] = distances.min(axis=1)
    inside: NDArray[np.bool_] = nearest < radii(reference, K)
    return inside


def _interval(values: NDArray[np.float64], of_work: NDArray[np.int64]) -> str:
    rng = np.random.default_rng(0)
    works = [values[of_work == work] for work in np.unique(of_work)]
    drawn = [
        np.concatenate([works[i] for i in rng.integers(len(works), size=len(works))]).mean()
        for _ in range(REPLICATES)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{values.mean():.3f} ({low:.3f} – {high:.3f})"


if __name__ == "__main__":
    for line in main(Path(sys.argv[1]), Path(sys.argv[2]), (sys.argv[3], sys.argv[4])):
        sys.stdout.write(f"{line}\n")
