"""PyTorch's weights files read without PyTorch: names and numpy arrays, and nothing is run.

Importing torch takes longer than reading the weights. The files are pickles; here a pickle may name
tensors and their storages, and any other name in it is refused. Both of PyTorch's formats are read:
the zip archive, and the stream of pickles of versions before 1.6.
"""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import PlatformFault

__all__ = ["read_state_dict"]

Arrays = Mapping[str, NDArray[Any]]

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}
_DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError),
    *(pickle.UnpicklingError, zipfile.BadZipFile, zlib.error, RuntimeError),
    *(MemoryError, NotImplementedError),
)


@dataclass(frozen=True, slots=True)
class _Storage:
    """A run of numbers, by its key in the file."""

    dtype: str
    key: str


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A view of a storage; ``stride`` counts elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    def of(self, flat: NDArray[Any]) -> NDArray[Any]:
        """The view; ValueError if it reaches beyond the storage."""
        last = sum((n - 1) * step for n, step in zip(self.shape, self.stride, strict=True))
        if min((*self.shape, 1)) and not 0 <= self.offset <= self.offset + last < len(flat):
            raise ValueError("a tensor reaches beyond its storage")
        strides = [step * flat.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(
            flat[self.offset :], self.shape, strides, writeable=False
        )


def read_state_dict(path: Path) -> Arrays:
    """Name → array of a file that ``torch.save`` or safetensors wrote.

    What is no tensor is left out. Arrays of a zip archive are read when they are asked for, so that
    no more than one need be in memory. Raises PlatformFault ``weights.format``, also when they are.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.numpy import load_file

            return dict(load_file(path))
        return _Archive(path) if zipfile.is_zipfile(path) else _read_stream(path)
    except _DAMAGE as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> PlatformFault:
    return PlatformFault(
        "weights.format",
        f"The weights file {path} is not a PyTorch state dict, or damaged; replace it.",
    )


class _Archive(Arrays):
    """A zip archive of ``torch.save``; damaged numbers show when they are asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._archive = zipfile.ZipFile(path)
        names = set(self._archive.namelist())
        (record,) = [name for name in names if name.endswith("/data.pkl")]
        self._folder = record.removesuffix("data.pkl") + "data/"
        self._tensors = _tensors(_Reader(io.BytesIO(self._archive.read(record)), _storage).load())
        if not names.issuperset(self._folder + t.storage.key for t in self._tensors.values()):
            raise ValueError("storages are missing")

    def __getitem__(self, name: str) -> NDArray[Any]:
        tensor = self._tensors[name]
        try:
            data = self._archive.read(self._folder + tensor.storage.key)
            return tensor.of(np.frombuffer(data, tensor.storage.dtype))
        except _DAMAGE as error:
            raise _damaged(self._path) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def _read_stream(path: Path) -> Arrays:
    """Magic number, version, system, the object, the keys of its storages, their numbers."""
    storages: dict[str, _Storage] = {}

    def noted(reference: tuple[Any, ...]) -> _Storage:
        found = _storage(reference)
        if reference[5] is not None:
            raise pickle.UnpicklingError("views of storages are not read")
        return storages.setdefault(found.key, found)

    with path.open("rb") as file:
        if _Reader(file, noted).load() != _LEGACY_MAGIC:
            raise ValueError("no file of torch.save")
        _version, _system, found = (_Reader(file, noted).load() for _ in range(3))
        keys = _Reader(file, noted).load()
        stored = {str(key): _numbers(file, storages[str(key)]) for key in keys}
    return {name: each.of(stored[each.storage.key]) for name, each in _tensors(found).items()}


def _numbers(file: IO[bytes], storage: _Storage) -> NDArray[Any]:
    count = int.from_bytes(file.read(8), "little")
    dtype = np.dtype(storage.dtype)
    data = file.read(count * dtype.itemsize)
    return np.frombuffer(data, dtype, count)


def _storage(reference: tuple[Any, ...]) -> _Storage:
    kind, dtype, key, *_ = reference
    if kind != "storage" or not isinstance(dtype, str):
        raise pickle.UnpicklingError("only storages can be referred to")
    return _Storage(dtype, str(key))


def _tensors(found: object) -> dict[str, _Tensor]:
    if not isinstance(found, dict):
        raise ValueError("no dict of tensors")
    return {str(name): value for name, value in found.items() if isinstance(value, _Tensor)}


class _Reader(pickle.Unpickler):
    """Knows the few names that a state dict consists of."""

    def __init__(self, file: IO[bytes], storage: Callable[[tuple[Any, ...]], _Storage]) -> None:
        super().__init__(file)
        self._storage = storage

    def persistent_load(self, reference: Any) -> _Storage:
        return self._storage(reference)

    def find_class(self, module: str, name: str) -> Any:
        if module in {"torch", "torch.storage"} and name in _DTYPES:
            return _DTYPES[name]
        known = _NAMES.get((module, name))
        if known is None:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a state dict")
        return known


def _tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_rest: object
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(stride))


def _parameter(tensor: _Tensor, *_rest: object) -> _Tensor:
    return tensor


_NAMES: dict[tuple[str, str], Callable[..., object]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}
