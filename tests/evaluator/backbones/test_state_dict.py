"""Weights files without PyTorch: what torch.save wrote is read alike, what is none is refused."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from evaluator.backbones.state_dict import read_state_dict
from evaluator.errors import PlatformFault


def tensors() -> dict[str, torch.Tensor]:
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    return {
        "weight": base,
        "transposed": base.T,
        "part": base[1:3, ::2],
        "half": torch.rand(3, generator=torch.Generator().manual_seed(0)).half(),
        "count": torch.tensor(7),
        "parameter": torch.nn.Parameter(base + 1),
        "none": torch.zeros(0, 3),
    }


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "stream of old versions"])
def test_what_torch_saved_is_read_alike(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "weights.pth"
    torch.save(tensors() | {"epoch": 3}, path, _use_new_zipfile_serialization=zipped)
    found = read_state_dict(path)
    assert found.keys() == tensors().keys()
    for name, expected in tensors().items():
        assert np.array_equal(found[name], expected.detach().numpy()), name
        assert found[name].dtype == expected.detach().numpy().dtype


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(2)}, tmp_path / "w.safetensors")
    assert read_state_dict(tmp_path / "w.safetensors")["weight"].tolist() == [1.0, 1.0]


class Harmful:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("code was run",))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_names_anything_else_is_refused_and_not_run(
    tmp_path: Path, zipped: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"w": Harmful()}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(PlatformFault) as caught:
        read_state_dict(path)
    assert caught.value.code == "weights.format"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", pickle.dumps([1, 2]), b"PK\x03\x04 cut short"]
)
def test_what_is_no_weights_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(PlatformFault, match=r"w\.pth"):
        read_state_dict(tmp_path / "w.pth")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_cut_short_is_refused(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "w.pth"
    torch.save({"w": torch.rand(1000)}, path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(PlatformFault):
        read_state_dict(path)


def test_real_weights_are_read_alike(shared_weights: Path) -> None:
    path = shared_weights / "inception2015_folded_to_mixed6e.pth"
    expected = torch.load(path, weights_only=True)
    found = read_state_dict(path)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name].numpy()) for name in expected)
