"""Trained networks and real pictures that are not ours to ship, and a protocol on them.

They lie in the folder ``../shared``; tests that need them are skipped without it.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator.backbones.weights import sha256_of
from evaluator.images import PicturePolicy
from evaluator.protocols import (
    BackboneSpec,
    Bootstrap,
    MetricSpec,
    Protocol,
    WeightsRef,
    metrics_of,
    register_protocol,
)

__all__ = [
    "BETA",
    "CONTENT_LAYER",
    "INCEPTION",
    "PICTURES",
    "SHARED",
    "STYLE_LAYERS",
    "VGG",
    "WEIGHTS",
    "losses_protocol",
    "needs_trained_models",
    "trained_protocol",
    "weights_ref",
]

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("STYLEARENA_SHARED", ROOT.parent / "shared"))
WEIGHTS, PICTURES = SHARED / "weights", SHARED / "images"
VGG, INCEPTION = "vgg19_caffe_bgr_relu4_1_mixed.pth", "inception2015_folded_to_mixed6e.pth"
CONTENT_LAYER, STYLE_LAYERS = "conv4_1", ("conv1_1", "conv2_1", "conv3_1", "conv4_1")
BETA = 1000.0

needs_trained_models = pytest.mark.skipif(
    not (WEIGHTS / "entries").is_dir() or not PICTURES.is_dir(),
    reason=f"the trained models and pictures are not in {SHARED}",
)


def weights_ref(name: str) -> WeightsRef:
    return WeightsRef(name, sha256_of(WEIGHTS / name))


def trained_protocol(
    name: str,
    *,
    fid_minimum: int,
    replicates: int = 100,
    set_replicates: int = 5,
    others: tuple[MetricSpec, ...] = (),
    size: int = 256,
) -> Protocol:
    """The original VGG-19 as far as conv4_1 and FID's Inception as far as its 768 channels.

    ``others`` are metrics beside content, style and total losses and FID.
    """
    return register_protocol(
        Protocol(
            name=name,
            title="Trained features, as far as they can be had",
            notice="a test's protocol",
            pictures=PicturePolicy(size=size),
            backbones=(
                BackboneSpec("perceptual", "vgg19", weights_ref(VGG), "caffe"),
                BackboneSpec("inception", "inception-v3-2015-12-05", weights_ref(INCEPTION), "fid"),
            ),
            metrics=metrics_of(
                content_layer=CONTENT_LAYER,
                style_layers=STYLE_LAYERS,
                beta=BETA,
                fid_dims=768,
                fid_minimum=fid_minimum,
            )
            + others,
            bootstrap=Bootstrap(replicates=replicates, set_replicates=set_replicates),
        )
    )


def losses_protocol(name: str, *, size: int, replicates: int) -> Protocol:
    """As ``trained_protocol``, without FID: a third of its time."""
    whole = trained_protocol(f"{name}-with-fid", fid_minimum=768, replicates=replicates, size=size)
    return register_protocol(
        replace(
            whole,
            name=name,
            backbones=tuple(each for each in whole.backbones if each.role != "inception"),
            metrics=tuple(each for each in whole.metrics if each.name != "fid"),
        )
    )
