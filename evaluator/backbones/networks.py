"""The networks of one protocol on one device: pixels in, features out, one picture at a time."""

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from evaluator.backbones.compact import CompactLpipsNetwork, CompactMaps, CompactRows
from evaluator.backbones.download import Progress
from evaluator.backbones.inception import Inception, preprocess
from evaluator.backbones.inception_onnx import OnnxInception
from evaluator.backbones.inception_streams import (
    SPATIAL_DIMS,
    pooled_and_spatial,
    resized_cleanly,
)
from evaluator.backbones.loading import LoadedState, exact_arithmetic, load_state
from evaluator.backbones.lpips import LpipsNetwork, Stack
from evaluator.backbones.vgg import Vgg
from evaluator.protocols import BackboneSpec, Protocol
from evaluator.set_measures import needs_of

__all__ = ["Networks"]

Pixels = NDArray[np.uint8]

DEFAULT_DIMS = 2048

_ROLES = {
    "inception": "inception",
    "inception-clean": "inception",
    "inception-spatial": "inception",
    "inception-guard": "inception-guard",
}
"""Stream → the role of the backbone whose features it holds."""

_POOLED = frozenset({"inception", "inception-guard"})

SPATIAL = "inception-spatial"


class Networks:
    """The protocol's backbones, as far as its metrics need them.

    ``digests``: the name of each backbone's weights → their whole sha256.
    """

    def __init__(
        self,
        protocol: Protocol,
        *,
        layers: Collection[str],
        stacks: Collection[str] = (),
        device: torch.device,
        weights_dir: Path | None,
        on_download: Progress | None,
        threads: int = 1,
    ) -> None:
        """``layers`` of VGG and LPIPS networks (``stacks``) are those that will be asked for.

        ``threads`` are those of large networks run by onnxruntime; PyTorch's, which compact ones
        take too, are set for each thread. Raises PlatformFault ``weights.*``.
        """
        load = partial(load_state, folder=weights_dir, on_progress=on_download)
        backbones = protocol.backbones
        states = {str(spec.role): load(spec.weights) for spec in backbones}
        heads = {str(spec.role): load(spec.heads) for spec in backbones if spec.heads is not None}
        self._device, self._threads = device, threads
        self.digests = {state.name: state.sha256 for state in (*states.values(), *heads.values())}
        self._vgg: Vgg | CompactMaps | None = None
        if layers:
            spec = protocol.backbone("perceptual")
            self._vgg = _perceptual(spec, states["perceptual"], layers=layers, device=device)
        self._lpips = {
            name: _lpips(
                protocol.backbone(f"lpips-{name}"),
                states[f"lpips-{name}"],
                heads.get(f"lpips-{name}"),
                device=device,
            )
            for name in sorted(stacks)
        }
        self._make_inceptions(protocol, states)

    def _make_inceptions(self, protocol: Protocol, states: Mapping[str, LoadedState]) -> None:
        """A network for each pass over a picture that the protocol's set metrics need."""
        device = self._device
        self._streams, _ = needs_of(protocol)
        self._dims = _inception_dims(protocol)
        self._spatial = SPATIAL in self._streams
        compact = _compact_streams(protocol, self._streams, self._dims["inception"])
        # sFID's features are made on the way to the pooled block: one pass gives both.
        passes = {"inception" if stream == SPATIAL else stream for stream in self._streams}
        # onnxruntime takes a CPU picture by picture in half of PyTorch's time.
        quick = passes if device.type == "cpu" else compact
        self._inceptions = {
            role: Inception(states[role], dims=self._dims[role], device=device)
            for role in sorted({_ROLES[stream] for stream in passes - quick})
        }
        self._quick = {
            stream: CompactRows(
                states[_ROLES[stream]], dims=self._dims[_ROLES[stream]], device=device
            )
            if stream in compact
            else self._onnx_inception(states[_ROLES[stream]], stream)
            for stream in sorted(quick)
        }

    def _onnx_inception(self, state: LoadedState, stream: str) -> OnnxInception:
        return OnnxInception(
            {name: tensor.numpy() for name, tensor in state.tensors.items()},
            dims=self._dims[_ROLES[stream]],
            source=state.name,
            threads=self._threads,
            clean=stream == "inception-clean",
            spatial=self._spatial and stream == "inception",
        )

    def maps(self, pixels: Pixels, layers: Collection[str]) -> dict[str, Tensor]:
        """VGG layer → float32 [C, h, w] of a picture uint8 [H, W, 3], all of them in one pass."""
        if self._vgg is None or not layers:
            return {}
        with exact_arithmetic():
            found = self._vgg.features(_batch(pixels), layers)
        return {layer: x[0] for layer, x in found.items()}

    def stack(self, name: str, pixels: Pixels) -> Stack:
        """What the LPIPS network ``name`` sees of a picture uint8 [H, W, 3]."""
        with exact_arithmetic():
            return self._lpips[name].stack(_batch(pixels))

    def rows(self, pixels: Pixels) -> dict[str, NDArray[np.float32]]:
        """Stream → float32 [d] of a picture uint8 [H, W, 3], for each stream that is needed.

        "inception": the protocol's block, pooled; "inception-guard": that of the second backbone;
        "inception-clean": the first, resized as clean-fid does; "inception-spatial": sFID's layer.
        """
        found: dict[str, NDArray[np.float32]] = {}
        if self._spatial:
            found["inception"], found[SPATIAL] = self._row_and_spatial(pixels)
        for stream in self._streams - found.keys():
            found[stream] = self._row(stream, pixels)
        return {stream: found[stream][0] for stream in sorted(self._streams)}

    def _row(self, stream: str, pixels: Pixels) -> NDArray[np.float32]:
        if stream in self._quick:
            return self._quick[stream].rows(_writable(pixels)[None])
        network = self._inceptions[_ROLES[stream]]
        with exact_arithmetic():
            made = (
                network.of_resized(resized_cleanly(pixels))
                if stream == "inception-clean"
                else network.features(_batch(pixels))
            )
        row: NDArray[np.float32] = made.cpu().numpy()
        return row

    def _row_and_spatial(self, pixels: Pixels) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        quick = self._quick.get("inception")
        if isinstance(quick, OnnxInception):
            return quick.rows_and_spatial(np.ascontiguousarray(pixels)[None])
        x = preprocess(_batch(pixels).to(self._device))
        with exact_arithmetic():
            network, dims = self._inceptions["inception"], self._dims["inception"]
            row, spatial = pooled_and_spatial(network, x, dims=dims)
        return row.cpu().numpy(), spatial.cpu().numpy()


def _batch(pixels: Pixels) -> Tensor:
    return torch.from_numpy(_writable(pixels))[None]


def _writable(pixels: Pixels) -> Pixels:
    """A copy in one piece: frames and decoded pictures are read-only, and torch warns of that."""
    return np.array(pixels, order="C")


def _compact_streams(protocol: Protocol, streams: Collection[str], dims: int) -> set[str]:
    """The streams whose network is an imitation; ValueError for streams that networks lack."""
    if SPATIAL in streams and dims < SPATIAL_DIMS:
        raise ValueError(f"{protocol.name}: sFID needs a block of {SPATIAL_DIMS} channels or more")
    compact = {
        stream
        for stream in streams
        if protocol.backbone(_ROLES[stream]).architecture == "compact-inception"
    }
    if not compact <= _POOLED:
        raise ValueError(f"{protocol.name}: compact networks give pooled features only")
    return compact


def _perceptual(
    spec: BackboneSpec, state: LoadedState, *, layers: Collection[str], device: torch.device
) -> Vgg | CompactMaps:
    if spec.architecture == "compact-vgg":
        return CompactMaps(state, layers=layers, device=device)
    return Vgg(state, spec, layers=layers, device=device)


def _lpips(
    spec: BackboneSpec, trunk: LoadedState, heads: LoadedState | None, *, device: torch.device
) -> LpipsNetwork | CompactLpipsNetwork:
    if spec.architecture == "compact-lpips":
        return CompactLpipsNetwork(trunk, device=device)
    if heads is None:
        raise ValueError(f"the backbone {spec.role} has no heads")
    return LpipsNetwork(spec, trunk, heads, device=device)


def _inception_dims(protocol: Protocol) -> dict[str, int]:
    """Role → the channels of the block that its metrics share; ValueError if they differ.

    A guard without a block of its own ends at the other's.
    """
    found = _blocks(protocol, guard=False)
    guard = _blocks(protocol, guard=True) or found
    if len(found) > 1:
        raise ValueError(f"{protocol.name}: metrics ask for Inception blocks of {sorted(found)}")
    return {
        role: max(blocks, default=DEFAULT_DIMS)
        for role, blocks in (("inception", found), ("inception-guard", guard))
    }


def _blocks(protocol: Protocol, *, guard: bool) -> set[int]:
    return {
        cast("int", dict(spec.parameters)["dims"])
        for spec in protocol.metrics
        if "dims" in dict(spec.parameters) and guard is (spec.name == "fid_guard")
    }
