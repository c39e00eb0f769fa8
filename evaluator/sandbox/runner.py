"""The only code of ours inside a box: load the entry, turn request frames into result frames.

It stands alone (standard library, numpy, and onnxruntime or torch) and is started by the judge with
one JSON argument. It limits itself first, says hello, loads the entry, says ready, then answers one
request at a time. It shares its process with the entry: the judge believes nothing it says.
"""

# ruff: noqa: BLE001 - the edge of a process: every failure of the entry becomes an error frame
import importlib
import json
import mmap
import os
import random
import resource
import struct
import sys
import traceback
from collections.abc import Callable
from typing import Any

HEADER = struct.Struct("<4sBBHIIIQ")
MAGIC, VERSION = b"SAFR", 1
HELLO, READY, CONTENT, STYLE, RESULT, ERROR = 1, 2, 3, 4, 5, 6
MAX_MESSAGE_BYTES = 8192
# An ONNX model, y = Identity(x), to find out whether a device works.
IDENTITY = bytes.fromhex(
    "080812003a370a100a017812017922084964656e746974791201675a0f0a0178120a0a0808011204"
    "0a020801620f0a0179120a0a08080112040a02080142040a001011"
)
_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "bad_alloc",
    "failed to allocate memory",
)

Stylize = Callable[[Any, Any], Any]  # float32 [N,3,H,W] arrays in, the same out


class EntryError(Exception):
    """The entry broke its contract; ``args`` are the kind of the error frame and its text."""


def main() -> None:
    job = json.loads(sys.argv[1])
    sys.argv[1:] = []
    _limit(job["rlimits"])
    requests, responses = job["requests"], job["responses"]
    try:
        _prepare(job)
        _send(responses, HELLO)
        stylize = _load(job)
        _send(responses, READY)
        _serve(requests, responses, Pictures(job["pictures"]), stylize)
    except BaseException as error:
        kind, text = _explain(error, job["root"])
        traceback.print_exc()
        _send_error(responses, kind, text)
        os._exit(1)
    os._exit(0)  # no exit handlers of the entry


def _limit(limits: dict[str, list[int]]) -> None:
    for name, (soft, hard) in limits.items():
        resource.setrlimit(getattr(resource, name), (soft, hard))


def _prepare(job: dict[str, Any]) -> None:
    """Import what the judge vouches for, before anything of the entry: a failure here is ours."""
    import numpy  # noqa: F401, ICN001

    if job["runtime"] == "onnx":
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        if job["device"] != "cpu":
            _require_cuda(onnxruntime)
    elif job["device"] != "cpu":
        import torch

        if not torch.cuda.is_available():
            raise EntryError("device", "torch finds no CUDA device in the box")


def _require_cuda(onnxruntime: Any) -> None:
    """Without this, onnxruntime would run the entry on the CPU and only warn."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise EntryError(
            "device", "onnxruntime is built for the CPU only; install onnxruntime-gpu in its place"
        )
    onnxruntime.preload_dlls()  # CUDA's libraries lie in packages of their own
    session = onnxruntime.InferenceSession(IDENTITY, providers=["CUDAExecutionProvider"])
    if "CUDAExecutionProvider" not in session.get_providers():
        raise EntryError("device", "onnxruntime cannot use the GPU; compare its CUDA with torch's")


def _provider(device: str) -> str:
    return "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"


def _load(job: dict[str, Any]) -> Stylize:
    return _load_onnx(job) if job["runtime"] == "onnx" else _load_python(job)


def _load_onnx(job: dict[str, Any]) -> Stylize:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job["threads"]
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    # Idle threads would spin on the processors that the judge scores with meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A box has no /proc, without which onnxruntime opens no external data by itself.
    names, buffers = job["external"], [_map(job["model"], name) for name in job["external"]]
    options.add_external_initializers_from_files_in_memory(names, buffers, [*map(len, buffers)])
    session = onnxruntime.InferenceSession(
        job["model"], options, providers=[_provider(job["device"])]
    )
    names = {value.name for value in session.get_inputs()}

    def stylize(content: Any, style: Any) -> Any:
        given = {"content": content, "style": style}
        return session.run(["stylized"], {n: v for n, v in given.items() if n in names})[0]

    return stylize


def _map(model: str, name: str) -> mmap.mmap:
    """An external data file, which stands beside the model and was checked by the judge."""
    with open(os.path.join(os.path.dirname(model), name), "rb") as file:  # noqa: PTH118, PTH120, PTH123
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _load_python(job: dict[str, Any]) -> Stylize:
    sys.path.insert(0, job["root"])
    module, _, function = job["entry"].partition(":")
    method = getattr(importlib.import_module(module), function)(job["device"])
    if not callable(method):
        raise EntryError("exception", f"{job['entry']} returned no callable")
    import torch

    torch.set_num_threads(job["threads"])

    def stylize(content: Any, style: Any) -> Any:
        tensors = [torch.from_numpy(a).to(job["device"]) for a in (content, style)]
        output = method(*tensors)
        if not isinstance(output, torch.Tensor):
            raise EntryError("wrong_shape", f"a {type(output).__name__} instead of a tensor")
        return output.detach().to("cpu", torch.float32).numpy()

    return stylize


class Pictures:
    """The memory in which the judge lays the pictures of a request; it can only be read here."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._size = descriptor, 0
        self._map: Any = None

    def read(self, headers: bytes) -> tuple[Any, Any]:
        """Content and style of a request, uint8 [N,H,W,3] each, good until the next."""
        import numpy as np

        fields = list(HEADER.iter_unpack(headers))
        if [field[2] for field in fields] != [CONTENT, STYLE]:
            raise EOFError("the judge sent no request")
        self._reach(sum(field[7] for field in fields))
        pictures, offset = [], 0
        for _, _, _, _, n, height, width, length in fields:
            flat = np.frombuffer(self._map, np.uint8, length, offset)
            pictures.append(flat.reshape(n, height, width, 3))
            offset += length
        return pictures[0], pictures[1]

    def _reach(self, size: int) -> None:
        if size > self._size:
            self._map = mmap.mmap(self._descriptor, size, access=mmap.ACCESS_READ)
            self._size = size


def _serve(requests: int, responses: int, pictures: Pictures, stylize: Stylize) -> None:
    while (headers := _read(requests, 2 * HEADER.size)) is not None:
        content, style = pictures.read(headers)
        _seed()
        pixels = _to_bytes(stylize(_to_floats(content), _to_floats(style)), content.shape)
        n, height, width, _ = pixels.shape
        _write(responses, HEADER.pack(MAGIC, VERSION, RESULT, 0, n, height, width, pixels.nbytes))
        _write(responses, memoryview(pixels).cast("B"))


def _seed() -> None:
    """The same randomness for every pair: a result must not depend on the pairs before it."""
    import numpy as np

    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def _to_floats(pixels: Any) -> Any:
    """uint8 [N,H,W,3] to float32 [N,3,H,W] in 0..1."""
    import numpy as np

    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def _to_bytes(output: Any, shape: tuple[int, ...]) -> Any:
    """float32 [N,3,H,W] to uint8 [N,H,W,3]: floor(255 x + 0.5) of x clipped to 0..1."""
    import numpy as np

    n, height, width, _ = shape
    if output.shape != (n, 3, height, width):
        raise EntryError("wrong_shape", f"{list(output.shape)} instead of {[n, 3, height, width]}")
    if not np.isfinite(output).all():
        raise EntryError("not_finite", "")
    scaled = np.clip(output, 0, 1).astype(np.float32) * np.float32(255) + np.float32(0.5)
    return np.ascontiguousarray(scaled.astype(np.uint8).transpose(0, 2, 3, 1))


def _read(descriptor: int, size: int) -> bytes | None:
    """The next bytes; None at the end."""
    data = b""
    while len(data) < size:
        piece = os.read(descriptor, size - len(data))
        if not piece:
            return None
        data += piece
    return data


def _write(descriptor: int, data: bytes | memoryview) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _send(descriptor: int, kind: int, payload: bytes = b"") -> None:
    _write(descriptor, HEADER.pack(MAGIC, VERSION, kind, 0, 0, 0, 0, len(payload)) + payload)


def _send_error(descriptor: int, kind: str, text: str) -> None:
    payload = f"{kind}\n{text}".encode(errors="replace")[:MAX_MESSAGE_BYTES]
    try:
        _send(descriptor, ERROR, payload)
    except OSError:  # nobody listens any more
        os._exit(1)


def _explain(error: BaseException, root: str) -> tuple[str, str]:
    """Kind and text of the error frame for whatever the entry raised."""
    if isinstance(error, EntryError):
        return error.args[0], error.args[1]
    text = f"{type(error).__name__}: {error}"
    low = text.lower()
    if isinstance(error, MemoryError) or any(phrase in low for phrase in _OUT_OF_MEMORY):
        return "memory", text
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(root)]
    if frames:
        text += f" ({os.path.relpath(frames[-1].filename, root)}, line {frames[-1].lineno})"
    return "exception", text


if __name__ == "__main__":
    main()
