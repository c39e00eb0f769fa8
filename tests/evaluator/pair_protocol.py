"""A protocol of all pair metrics with seeded weights, and the files of its LPIPS networks."""

from dataclasses import replace
from pathlib import Path

import torch

from evaluator import pair_specs
from evaluator.backbones.weights import sha256_of
from evaluator.images import PicturePolicy
from evaluator.protocols import BackboneSpec, Protocol, WeightsRef, protocol
from tests.evaluator.backbones.lpips_peer import head_state, random_trunk, trunk_state

CONTENT_METRICS = ("content_loss", "content_mse", "content_rmse", "cfsd", "lpips_squeeze")
STYLE_METRICS = ("style_loss", "style_mse", "style_rmse", "mean_std_loss", "colour_distance")


def pair_protocol(weights: Path, *, size: int = 64) -> Protocol:
    """All that a pair can be measured by, without set metrics; writes the weights' files."""
    base = protocol("untrained-1")
    metrics = tuple(spec for spec in base.metrics if spec.name != "fid")
    return replace(
        base,
        name="pairs",
        pictures=PicturePolicy(size=size),
        backbones=(base.backbone("perceptual"), _lpips(weights)),
        metrics=(
            *metrics,
            pair_specs.mean_std(),
            pair_specs.cfsd(),
            pair_specs.lpips("squeeze"),
            pair_specs.SSIM,
            pair_specs.COLOUR_DISTANCE,
            pair_specs.STYLE_COPY,
        ),
        bootstrap=replace(base.bootstrap, replicates=20),
    )


def _lpips(weights: Path) -> BackboneSpec:
    trunk = _file(weights / "trunk.pth", trunk_state(random_trunk("squeeze")))
    heads = _file(weights / "heads.pth", head_state("squeeze"))
    return replace(pair_specs.LPIPS_BACKBONES["squeeze"], weights=trunk, heads=heads)


def _file(path: Path, state: dict[str, torch.Tensor]) -> WeightsRef:
    torch.save(state, path)
    return WeightsRef(path.name, sha256_of(path))
