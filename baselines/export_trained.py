"""Exports networks that were trained: traced, compared with torch, with a card that says how."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from torch import nn

from baselines.card import departures_in
from baselines.parity import compared_entry, largest_difference, require_parity
from baselines.registry import trained
from baselines.runs import run_name
from baselines.tracing import trace
from baselines.training.settings import overridden
from baselines.training.task import Trained
from baselines.training.weights import Origin, load_weights
from evaluator.errors import ParticipantError

__all__ = ["archive_name", "check_trained", "export_trained", "network_of"]


def network_of(path: Path) -> tuple[Trained, nn.Module, Origin]:
    """The method, its network with the weights in ``path``, and how they came about."""
    state, origin = load_weights(path)
    method = trained(origin.method)
    settings = overridden(method.presets["smoke"], dict(origin.settings))
    network = method.network(settings, origin.styles)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ParticipantError(
            "baseline.weights", f"{path} does not fit {method.name} any more; train it again."
        ) from error
    return method, network.eval(), origin


def archive_name(origin: Origin) -> str:
    """METHOD.zip, or METHOD.STYLE.zip for what learnt one style only."""
    return run_name(origin.method, origin.settings["style"]) + ".zip"


def export_trained(weights: Path, folder: Path) -> Path:
    """Write the entry of trained weights and return its path.

    Raises ParticipantError ``baseline.parity`` if the graph is not what torch computes.
    """
    method, network, origin = network_of(weights)
    model = trace(network, takes_style=not method.tied)
    for name in method.inputs:
        _offer_input(model, name)
    card = replace(
        method.card,
        name=_title(method, origin),
        training=origin.sentence() + _features_told(origin),
        departures=departures_in(sys.modules[method.task.__module__].__doc__ or ""),
        styles=origin.styles if method.tied else (),
    )
    path = folder / archive_name(origin)
    return compared_entry(
        model,
        card,
        path,
        reference=network,
        takes_style=not method.tied,
        tolerance=method.tolerance,
    )


def check_trained(weights: Path, folder: Path) -> float:
    """The largest difference of the exported archive from torch; errors as ``check_method``."""
    method, network, origin = network_of(weights)
    archive = folder / archive_name(origin)
    difference = largest_difference(archive, network, takes_style=not method.tied)
    require_parity(difference, method.tolerance, archive.name)
    return difference


def _title(method: Trained, origin: Origin) -> str:
    style = origin.settings["style"]
    return f"{method.card.name} ({style})" if style else method.card.name


def _features_told(origin: Origin) -> str:
    """Whose features were learnt from."""
    told = f", features of {origin.settings['features']}"
    if share := origin.settings["first_share"]:
        told += f" (for the first {share:.0%} of the steps, of {origin.settings['first_features']})"
    return told


def _offer_input(model: onnx.ModelProto, name: str) -> None:
    """List an initializer as an input too: one with a default, which a caller may override."""
    (value,) = [tensor for tensor in model.graph.initializer if tensor.name == name]
    if value.data_type != TensorProto.FLOAT:
        raise ValueError(f"{name} is not float32")
    model.graph.input.append(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, list(value.dims))
    )
    onnx.checker.check_model(model, full_check=True)
