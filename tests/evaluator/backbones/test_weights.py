"""The registry: honest pins, files taken in only if they are the registered ones, and loading."""

import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from evaluator.backbones.loading import load_state
from evaluator.backbones.seeded import SEEDED, digest_of_state, make
from evaluator.backbones.weights import (
    REGISTRY,
    Weights,
    add,
    default_folder,
    known,
    path_of,
    state_of,
)
from evaluator.commands.weights import app
from evaluator.errors import ParticipantError, PlatformFault, StyleArenaError
from evaluator.protocols import WeightsRef, protocol, protocol_names

DATA = b"weights" * 1000
SOME = Weights(
    name="some",
    filename="some.pth",
    url="https://example.org/some.pth",
    size=len(DATA),
    sha256=hashlib.sha256(DATA).hexdigest(),
    licence="",
    description="",
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    path = tmp_path / "download.bin"
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("name", [n for n, w in REGISTRY.items() if w.url])
def test_the_published_name_carries_the_digest_s_first_digits(name: str) -> None:
    weights = REGISTRY[name]
    assert weights.filename.rpartition("-")[2] == f"{weights.sha256[:8]}.pth"
    if "lpips" not in name:  # its heads are published as alex.pth and so on, without a digest
        assert weights.url.endswith(weights.filename)


@pytest.mark.parametrize("name", SEEDED)
def test_seeded_weights_are_the_pinned_ones(name: str) -> None:
    assert digest_of_state(make(name)) == REGISTRY[name].sha256


@pytest.mark.parametrize("name", SEEDED)
def test_seeded_weights_keep_the_scale_of_activations(name: str) -> None:
    for key, values in make(name).items():
        if key.endswith("weight"):
            fan_in = values[0].size
            assert values.var() * fan_in == pytest.approx(2, rel=0.2)


@pytest.mark.parametrize("name", protocol_names())
def test_protocols_pin_what_is_registered(name: str) -> None:
    for weights, digest in protocol(name).weights.items():
        assert len(digest) == 64
        assert known(weights).matches(digest)


def test_the_registry_loads_no_torch() -> None:
    code = "import sys, evaluator.backbones.download; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_copy_from_elsewhere_is_taken_in(copy: Path, tmp_path: Path) -> None:
    path = add(SOME, copy, tmp_path / "cache")
    assert path == path_of(SOME, tmp_path / "cache")
    assert path.read_bytes() == DATA
    assert state_of(SOME, tmp_path / "cache") == "present"


def test_a_wrong_file_is_refused_and_leaves_nothing(copy: Path, tmp_path: Path) -> None:
    copy.write_bytes(DATA[:-1] + b"x")
    with pytest.raises(ParticipantError, match=r"download\.bin is not some") as caught:
        add(SOME, copy, tmp_path / "cache")
    assert caught.value.code == "weights.wrong_digest"
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError, match="nowhere") as caught:
        add(SOME, tmp_path / "nowhere", tmp_path / "cache")
    assert caught.value.code == "weights.unreadable"


def test_a_prefix_is_enough_where_no_more_is_published(copy: Path, tmp_path: Path) -> None:
    partial = replace(SOME, size=None, sha256=SOME.sha256[:8])
    assert add(partial, copy, tmp_path / "cache").exists()
    assert not replace(partial, sha256="").matches(SOME.sha256)


@pytest.mark.parametrize("data", [DATA[:-1], DATA[:-1] + b"x"])
def test_a_damaged_file_is_seen(tmp_path: Path, data: bytes) -> None:
    path_of(SOME, tmp_path).write_bytes(data)
    assert state_of(SOME, tmp_path) == "damaged"


def test_unknown_weights_are_answered_with_the_known_ones() -> None:
    with pytest.raises(ParticipantError, match="vgg19-torchvision") as caught:
        known("vgg20")
    assert caught.value.code == "weights.unknown"


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STYLEARENA_WEIGHTS_DIR", raising=False)
    monkeypatch.setenv("STYLEARENA_CACHE_DIR", str(tmp_path))
    assert default_folder() == tmp_path / "weights"
    monkeypatch.setenv("STYLEARENA_WEIGHTS_DIR", str(tmp_path / "own"))
    assert default_folder() == tmp_path / "own"


def saved(folder: Path, content: object) -> WeightsRef:
    path = folder / "test.pth"
    torch.save(content, path)
    return WeightsRef("test.pth", hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_file_in_the_folder_is_loaded_by_its_name_and_digest(tmp_path: Path) -> None:
    ref = saved(tmp_path, {"a.weight": torch.ones(2)})
    state = load_state(ref, tmp_path)
    assert state.sha256 == ref.sha256
    assert torch.equal(state.tensors["a.weight"], torch.ones(2))


def test_weights_of_another_digest_are_not_used(tmp_path: Path) -> None:
    ref = saved(tmp_path, {"a": torch.ones(2)})
    with pytest.raises(PlatformFault) as caught:
        load_state(replace(ref, sha256="0" * 64), tmp_path)
    assert caught.value.code == "weights.digest"


def test_seeded_weights_of_another_digest_are_not_used() -> None:
    with pytest.raises(PlatformFault) as caught:
        load_state(WeightsRef("seeded-inception-stem", "1" * 64))
    assert caught.value.code == "weights.digest"


def test_code_in_a_weights_file_is_never_run(tmp_path: Path) -> None:
    ref = saved(tmp_path, {"a": Path("/")})
    with pytest.raises(PlatformFault) as caught:
        load_state(ref, tmp_path)
    assert caught.value.code == "weights.format"


def test_weights_that_are_nowhere_are_named(tmp_path: Path) -> None:
    with pytest.raises(PlatformFault, match=r"absent\.pth") as caught:
        load_state(WeightsRef("absent.pth", "0" * 64), tmp_path)
    assert caught.value.code == "weights.missing"


def test_weights_for_a_folder_that_cannot_be_made_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STYLEARENA_WEIGHTS_DIR", str(tmp_path / "file" / "weights"))
    refused = CliRunner().invoke(app, ["add", "vgg19-caffe", str(tmp_path / "file")])
    assert isinstance(refused.exception, StyleArenaError)
    assert refused.exception.code == "weights.unwritable"
    assert "STYLEARENA_WEIGHTS_DIR" in str(refused.exception)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.setenv("STYLEARENA_WEIGHTS_DIR", str(tmp_path))
    shown = CliRunner().invoke(app, ["list"], env={"COLUMNS": "80"})
    assert shown.exit_code == 0
    return shown.stdout.splitlines()


def test_the_list_shows_every_entry_under_its_headers(listed: list[str]) -> None:
    weights = REGISTRY["vgg19-torchvision"]
    cells = {row[0]: row for row in (re.split(r" {2,}", line.strip()) for line in listed)}

    assert cells.keys() >= REGISTRY.keys()
    assert cells["name"] == ["name", "state", "MiB", "sha256", "licence"]
    assert cells[weights.name] == [weights.name, "not here", "548", "dcbb9e9d", "BSD-3-Clause"]


def test_the_list_says_where_everything_is_from(listed: list[str]) -> None:
    for weights in REGISTRY.values():
        (line,) = [line for line in listed if line.startswith(f"{weights.name}: ")]
        assert weights.description in line
        assert line.endswith(weights.url or ("with StyleArena" if weights.packaged else "no file"))


def test_verifying_what_is_damaged_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STYLEARENA_WEIGHTS_DIR", str(tmp_path))
    assert CliRunner().invoke(app, ["verify"]).exit_code == 0
    path_of(REGISTRY["vgg19-caffe"]).write_bytes(b"")
    result = CliRunner().invoke(app, ["verify"])
    assert isinstance(result.exception, StyleArenaError)
    assert "vgg19-caffe" in str(result.exception)


def test_seeded_weights_need_no_fetching() -> None:
    result = CliRunner().invoke(app, ["fetch", "--protocol", "untrained-1"])
    assert result.exit_code == 0
    assert result.stdout.count("nothing to fetch") == 2
