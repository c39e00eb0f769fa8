"""Wrapping networks: their traced graphs equal torch at any size, and wrong weights are refused."""

import hashlib
import tomllib
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from baselines.archive import onnx_entry
from baselines.card import Card
from baselines.networks.adain import AdaIN
from baselines.networks.feed_forward import FeedForward
from baselines.networks.microast import MicroAST
from baselines.networks.published import wrap_published
from baselines.parity import largest_difference
from baselines.tracing import trace
from evaluator.entry import open_entry
from evaluator.errors import ParticipantError

CARD = Card(name="Untrained", authors="nobody", paper="none", licence="CC0-1.0")


def untrained(network: type[nn.Module]) -> nn.Module:
    torch.manual_seed(3)
    return network().eval()


def microast_files(folder: Path) -> list[Path]:
    """The four files as they are published, of an untrained network."""
    network = untrained(MicroAST)
    paths = []
    for part in ("content_encoder", "style_encoder", "modulator", "decoder"):
        paths.append(folder / f"{part}_iter_1.pth.tar")
        torch.save(network.get_submodule(part).state_dict(), paths[-1])
    return paths


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "takes_style"), [(FeedForward, False), (MicroAST, True), (AdaIN, True)]
)
def test_a_traced_network_equals_torch_at_odd_sizes(
    network: type[nn.Module], takes_style: bool, tmp_path: Path
) -> None:
    module = untrained(network)
    path = onnx_entry(trace(module, takes_style=takes_style), CARD, tmp_path / "entry.zip")
    assert largest_difference(path, module, takes_style=takes_style) < 1e-3


@pytest.mark.slow
def test_a_traced_graph_tells_nothing_of_the_machine_it_was_made_on() -> None:
    model = trace(untrained(MicroAST), takes_style=True).SerializeToString()
    assert b".py" not in model
    assert str(Path.home()).encode() not in model


def test_the_python_entry_stands_on_its_own(tmp_path: Path) -> None:
    (archive,) = wrap_published("microast", microast_files(tmp_path), tmp_path, runtime="python")
    entry = open_entry(archive, tmp_path / "entry")
    assert entry.manifest.entry == "stylize:load"
    assert "baselines" not in (entry.root / "stylize.py").read_text()
    namespace: dict[str, object] = {"__file__": str(entry.root / "stylize.py"), "__name__": "x"}
    exec((entry.root / "stylize.py").read_text(), namespace)
    content, style = torch.rand(1, 3, 61, 83), torch.rand(1, 3, 40, 52)
    found = namespace["load"]("cpu")(content, style)  # type: ignore[operator]
    assert torch.equal(found, untrained(MicroAST)(content, style))


def test_the_python_archive_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    files = microast_files(tmp_path)
    made = [
        wrap_published("microast", files, tmp_path / turn, runtime="python")[0]
        for turn in ("first", "second")
    ]
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in made}) == 1


def test_the_card_of_a_python_entry_is_in_its_manifest(tmp_path: Path) -> None:
    (path,) = wrap_published("microast", microast_files(tmp_path), tmp_path, runtime="python")
    with zipfile.ZipFile(path) as archive:
        manifest = tomllib.loads(archive.read("entry.toml").decode())
    assert manifest["name"] == "MicroAST"
    assert "AAAI 2023" in manifest["paper"]
    assert "there is no graph to compare it with" in manifest["training"]


def test_the_output_has_the_contents_size_and_range() -> None:
    content, style = torch.rand(2, 3, 61, 83), torch.rand(2, 3, 50, 70)
    for found in (
        untrained(FeedForward)(content),
        untrained(MicroAST)(content, style),
        untrained(AdaIN)(content, style),
    ):
        assert found.shape == content.shape
        assert found.min() >= 0
        assert found.max() <= 1


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError, match="not this network's"):
        wrap_published("fast-neural-style", microast_files(tmp_path)[:1], tmp_path)


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError, match="style_encoder"):
        wrap_published("microast", microast_files(tmp_path)[:3], tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError, match=r"candy\.pth"):
        wrap_published("fast-neural-style", [tmp_path / "candy.pth"], tmp_path)


def test_a_network_without_a_python_entry_says_so(tmp_path: Path) -> None:
    path = tmp_path / "candy.pth"
    torch.save(untrained(FeedForward).state_dict(), path)
    with pytest.raises(ParticipantError, match="--runtime onnx"):
        wrap_published("fast-neural-style", [path], tmp_path, runtime="python")
