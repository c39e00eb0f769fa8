"""Entries of published networks: reads their weights as published and wraps them for the arena."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors.torch import save
from torch import Tensor, nn

from baselines.archive import write_archive
from baselines.card import Card
from baselines.networks import microast
from baselines.networks.adain import AdaIN
from baselines.networks.feed_forward import FeedForward
from baselines.networks.microast import MicroAST
from baselines.parity import compared_entry
from baselines.tracing import trace
from evaluator.backbones.loading import read_tensors
from evaluator.errors import ParticipantError, PlatformFault

__all__ = ["NETWORKS", "Wrapped", "wrap_published"]

TOLERANCE = 1e-3
UNCOMPARED = "PyTorch runs the network's own file, so that there is no graph to compare it with"


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A network with its weights, the card of its entry and the name of its archive."""

    name: str
    card: Card
    network: nn.Module
    takes_style: bool
    source: Path | None = None  # of the Python entry: one file that stands on its own


def wrap_published(
    name: str, weights: Sequence[Path], folder: Path, *, runtime: str = "onnx"
) -> list[Path]:
    """Write entries of ``name`` (fast-neural-style, microast, adain) and return their paths.

    Raises ParticipantError ``baseline.weights`` where the files are not that network's, and
    ``baseline.runtime`` where it has no Python entry.
    """
    wrap = _python_entry if runtime == "python" else _traced_entry
    return [wrap(wrapped, folder) for wrapped in NETWORKS[name](weights)]


def _traced_entry(wrapped: Wrapped, folder: Path) -> Path:
    model = trace(wrapped.network, takes_style=wrapped.takes_style)
    path = folder / f"{wrapped.name}.zip"
    return compared_entry(
        model,
        wrapped.card,
        path,
        reference=wrapped.network,
        takes_style=wrapped.takes_style,
        tolerance=TOLERANCE,
    )


def _python_entry(wrapped: Wrapped, folder: Path) -> Path:
    if wrapped.source is None:
        raise ParticipantError(
            "baseline.runtime", f"{wrapped.name} has no Python entry; use --runtime onnx."
        )
    card = replace(wrapped.card, training=f"{wrapped.card.training}; {UNCOMPARED}")
    files = {
        "entry.toml": card.to_toml(runtime="python", target="stylize:load").encode(),
        "stylize.py": wrapped.source.read_bytes(),
        "weights.safetensors": save(dict(wrapped.network.state_dict())),
    }
    return write_archive(folder / f"{wrapped.name}-python.zip", files)


def _feed_forward(weights: Sequence[Path]) -> list[Wrapped]:
    return [_one_feed_forward(path) for path in weights]


def _one_feed_forward(path: Path) -> Wrapped:
    style = path.stem.removesuffix("_fp16").replace("_", "-")
    network = FeedForward()
    _fill(network, _read(path), path.name)
    card = Card(
        name=f"Feed-forward {style}",
        authors="J. Johnson, A. Alahi, L. Fei-Fei; weights of pytorch/examples",
        paper="Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016",
        licence="BSD-3-Clause",
        code="https://github.com/pytorch/examples/tree/main/fast_neural_style",
        training="published weights, stored in half precision",
        styles=(style,),
    )
    return Wrapped(f"fast-neural-style-{style}", card, network, takes_style=False)


def _microast(weights: Sequence[Path]) -> list[Wrapped]:
    network = MicroAST()
    parts = ("content_encoder", "style_encoder", "modulator", "decoder")
    files = {part: path for path in weights for part in parts if path.name.startswith(part)}
    if len(files) != len(parts) or len(weights) != len(parts):
        raise _refused("microast", f"give its four files, {', '.join(parts)}")
    for part, path in files.items():
        _fill(network.get_submodule(part), _read(path), path.name)
    card = Card(
        name="MicroAST",
        authors="Z. Wang, L. Zhao, Z. Zuo, A. Li, H. Chen, W. Xing, D. Lu",
        paper="MicroAST: Towards Super-Fast Ultra-Resolution Arbitrary Style Transfer, AAAI 2023",
        licence="as published by the authors",
        code="https://github.com/EndyWon/MicroAST",
        training="published weights",
    )
    source = Path(microast.__file__)
    return [Wrapped("microast", card, network, takes_style=True, source=source)]


def _adain(weights: Sequence[Path]) -> list[Wrapped]:
    network = AdaIN()
    states = {path.name: _read(path) for path in weights}
    # The encoder begins with a 1×1 convolution at index 0, where the decoder has its padding.
    encoders = [name for name, state in states.items() if "0.weight" in state]
    if len(states) != 2 or len(encoders) != 1:
        raise _refused("adain", "give two files, the decoder and the normalised VGG")
    for name, state in states.items():
        part = network.encoder if name in encoders else network.decoder
        # The published VGG goes deeper than relu4_1.
        wanted = {key: value for key, value in state.items() if key in part.state_dict()}
        _fill(part, wanted if name in encoders else state, name)
    card = Card(
        name="AdaIN",
        authors="X. Huang, S. Belongie; weights of naoto0804/pytorch-AdaIN",
        paper="Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, "
        "ICCV 2017",
        licence="MIT",
        code="https://github.com/naoto0804/pytorch-AdaIN",
        training="published weights, the decoder stored in 8 bits",
    )
    return [Wrapped("adain", card, network, takes_style=True)]


NETWORKS: dict[str, Callable[[Sequence[Path]], list[Wrapped]]] = {
    "fast-neural-style": _feed_forward,
    "microast": _microast,
    "adain": _adain,
}


def _read(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise ParticipantError(
            "baseline.weights", f"There is no file {path}; give the published weights' path."
        )
    try:
        return read_tensors(path)
    except PlatformFault as fault:  # here the file is the caller's
        raise _refused(path.name, "it is no file of weights") from fault


def _fill(module: nn.Module, state: Mapping[str, Tensor], name: str) -> None:
    try:
        module.load_state_dict(state, strict=True)
    except RuntimeError:
        raise _refused(name, "its keys or shapes are not this network's") from None


def _refused(what: str, reason: str) -> ParticipantError:
    return ParticipantError("baseline.weights", f"The weights of {what} do not fit: {reason}.")
