"""``stylearena doctor``: what this machine offers, and whether it scores as others do."""

from __future__ import annotations

import json as json_format
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import typer

__all__ = ["doctor", "examine"]

PACKAGES = ("torch", "torchvision", "onnxruntime", "onnx", "numpy", "scipy", "pillow")


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show versions, devices, the sandbox, the weights and the evaluator's fingerprint.

    Two machines with the same fingerprint score alike to six significant digits.
    """
    found = examine()
    if json:
        print(json_format.dumps(found, indent=2))
        return
    from evaluator.commands.console import show_facts

    for title, facts in found.items():
        show_facts(title, {name: str(value) for name, value in facts.items()})


def examine() -> dict[str, dict[str, Any]]:
    """Look at the machine; nothing is changed or downloaded."""
    return {
        "versions": _versions(),
        "devices": _devices(),
        "sandbox": _sandbox(),
        "weights": _weights(),
        "fingerprint": _fingerprint(),
    }


def _versions() -> dict[str, Any]:
    from evaluator.version import __version__

    found = {"stylearena": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found | {"system": platform.platform()}


def _devices() -> dict[str, Any]:
    import torch

    found: dict[str, Any] = {"cpu": f"{os.cpu_count()} cores, {torch.get_num_threads()} threads"}
    for index in range(torch.cuda.device_count()):
        found[f"cuda:{index}"] = torch.cuda.get_device_name(index)
    return found if torch.cuda.is_available() else found | {"cuda": "none"}


def _sandbox() -> dict[str, Any]:
    from evaluator.sandbox.rungs import best_rung

    report = best_rung()
    refused = {f"{rung.value} refused": reason for rung, reason in report.refused.items()}
    python = best_rung("python")
    return {
        "rung": report.rung.value,
        **({"rung for python": python.rung.value} if python.rung is not report.rung else {}),
        **({"warning": report.warning} if report.warning else {}),
        **refused,
    }


def _weights() -> dict[str, Any]:
    from evaluator.backbones.weights import REGISTRY, default_folder, state_of

    states = {name: state_of(weights) for name, weights in REGISTRY.items()}
    return {**states, "folder": str(default_folder())}


def _fingerprint() -> dict[str, Any]:
    from evaluator.fingerprint import fingerprint

    found = fingerprint()
    return {"digest": found.digest, **found.values}
