"""Inception by PyTorch for ``fid``: float32 on a GPU, bfloat16 where a processor has it."""

import numpy as np
import torch
from numpy.typing import NDArray

from evaluator.backbones.clean_resizing import resize_cleanly
from evaluator.backbones.inception import Inception
from evaluator.backbones.inception_layers import Arrays
from evaluator.backbones.loading import LoadedState, exact_arithmetic, find_device
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.fid.choice import Choice
from evaluator.memory import is_shortage

__all__ = ["TorchInception", "has_bfloat16"]


class TorchInception:
    """A network of one device; pictures go there as bytes, a quarter of what floats would take."""

    def __init__(self, choice: Choice, arrays: Arrays, *, source: str) -> None:
        """Raises ParticipantError ``device.*``, PlatformFault ``weights.format``."""
        device = find_device(choice.device)
        if choice.mode == "fast" and not has_bfloat16(device):
            raise ParticipantError(
                "device.no_bfloat16",
                f"--fast needs bfloat16 in hardware, which {choice.device} does not have here; "
                "leave --fast out: the exact way is the quickest on this machine.",
            )
        self._pinned = device.type == "cuda"
        self._clean = choice.resize == "clean"
        floats = {n: a for n, a in arrays.items() if np.issubdtype(a.dtype, np.floating)}
        state = {name: torch.from_numpy(array.copy()) for name, array in floats.items()}
        self._network = Inception(
            LoadedState(source, state, ""),
            dims=choice.dims,
            device=device,
            dtype=torch.bfloat16 if choice.mode == "fast" else torch.float32,
        )

    def rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 RGB [N, H, W, 3] to float32 [N, dims]; MemoryError if the device has too little."""
        given = np.stack([resize_cleanly(each) for each in pixels]) if self._clean else pixels
        batch = torch.from_numpy(given)
        try:
            with exact_arithmetic():
                sent = batch.pin_memory() if self._pinned else batch
                features = self._network.of_resized if self._clean else self._network.features
                found: NDArray[np.float32] = features(sent).cpu().numpy()
        except RuntimeError as error:
            if is_shortage(error):
                if self._pinned:
                    torch.cuda.empty_cache()
                raise MemoryError(str(error)) from error
            raise PlatformFault(
                "device.failed",
                f"The device failed in the middle of the work ({str(error).splitlines()[0]}); "
                "try again, or use --device cpu.",
            ) from error
        return found


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is quicker there than float32: AVX512-BF16 or AMX, or a GPU from Ampere."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in asked)
