"""Downloads: resumed, checked, retried, and refused in one sentence, against a real server."""

import hashlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator.backbones.download import fetch
from evaluator.backbones.weights import REGISTRY, Weights
from evaluator.errors import ParticipantError, PlatformFault
from tests.evaluator.backbones.server import Served, serving

DATA = bytes(range(256)) * 4096


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(Served(DATA)) as server:
        yield server


@pytest.fixture
def weights(served: Served) -> Weights:
    return registered(served.url)


def registered(url: str) -> Weights:
    return Weights(
        name="some",
        filename="some.pth",
        url=url,
        size=len(DATA),
        sha256=hashlib.sha256(DATA).hexdigest(),
        licence="",
        description="",
    )


def part_of(folder: Path) -> Path:
    return folder / "some.pth.part"


def get(weights: Weights, folder: Path) -> Path:
    return fetch(weights, folder, first_wait=0)


def test_a_missing_file_is_downloaded_whole(weights: Weights, tmp_path: Path) -> None:
    path = get(weights, tmp_path / "new")
    assert path.read_bytes() == DATA
    assert not part_of(path.parent).exists()


def test_a_file_that_is_there_is_not_downloaded_again(
    weights: Weights, served: Served, tmp_path: Path
) -> None:
    get(weights, tmp_path)
    get(weights, tmp_path)
    assert len(served.requests) == 1


def test_a_part_is_continued_where_it_stops(
    weights: Weights, served: Served, tmp_path: Path
) -> None:
    part_of(tmp_path).write_bytes(DATA[:1000])
    assert get(weights, tmp_path).read_bytes() == DATA
    assert served.requests == ["bytes=1000-"]


def test_a_dropped_connection_is_taken_up_again(
    weights: Weights, served: Served, tmp_path: Path
) -> None:
    served.drops = [300_000, 100_000]
    assert get(weights, tmp_path).read_bytes() == DATA
    assert served.requests[0] is None
    assert len(served.requests) == 3
    assert all(header and header != "bytes=0-" for header in served.requests[1:])


def test_a_server_without_ranges_is_asked_once_for_everything(
    weights: Weights, served: Served, tmp_path: Path
) -> None:
    served.ranges = False
    part_of(tmp_path).write_bytes(DATA[:1000])
    assert get(weights, tmp_path).read_bytes() == DATA


def test_a_part_of_something_else_is_thrown_away(
    weights: Weights, served: Served, tmp_path: Path
) -> None:
    part_of(tmp_path).write_bytes(b"x" * 1000)
    assert get(weights, tmp_path).read_bytes() == DATA
    assert served.requests == ["bytes=1000-", None]


def test_a_part_that_is_too_long_is_thrown_away(weights: Weights, tmp_path: Path) -> None:
    part_of(tmp_path).write_bytes(DATA + b"more")
    assert get(weights, tmp_path).read_bytes() == DATA


def test_a_part_longer_than_a_file_of_unknown_size_is_thrown_away(
    weights: Weights, tmp_path: Path
) -> None:
    part_of(tmp_path).write_bytes(DATA + b"more")
    assert get(replace(weights, size=None), tmp_path).read_bytes() == DATA


def test_a_passing_server_fault_is_tried_again(
    weights: Weights, served: Served, tmp_path: Path
) -> None:
    served.statuses = [503, 500]
    assert get(weights, tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("statuses", [[404], [503] * 9])
def test_a_lasting_refusal_is_told_with_what_to_do(
    weights: Weights, served: Served, tmp_path: Path, statuses: list[int]
) -> None:
    served.statuses = statuses
    with pytest.raises(PlatformFault, match="weights add some FILE") as caught:
        get(weights, tmp_path)
    assert caught.value.code == "weights.refused"


@pytest.mark.parametrize("data", [DATA[:-1] + b"x", DATA[:5000], DATA + b"x"])
def test_a_file_that_is_not_the_registered_one_never_gets_in_place(
    weights: Weights, served: Served, tmp_path: Path, data: bytes
) -> None:
    served.data = data
    with pytest.raises(PlatformFault) as caught:
        get(weights, tmp_path)
    assert caught.value.code == "weights.damaged"
    assert not (tmp_path / "some.pth").exists()
    assert not part_of(tmp_path).exists()


def test_a_damaged_file_is_replaced(weights: Weights, tmp_path: Path) -> None:
    (tmp_path / "some.pth").write_bytes(DATA[:77])
    assert get(weights, tmp_path).read_bytes() == DATA


def test_offline_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x"
        with pytest.raises(PlatformFault) as caught:
            get(registered(url), tmp_path)
    assert caught.value.code == "weights.offline"
    sentence = str(caught.value)
    for word in ("some", "offline", "weights add some FILE", "--protocol compact-1"):
        assert word in sentence
    assert "\n" not in sentence


def test_a_folder_that_cannot_be_written_is_named(weights: Weights, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformFault, match="STYLEARENA_WEIGHTS_DIR") as caught:
        get(weights, tmp_path / "file" / "folder")
    assert caught.value.code == "weights.unwritable"


def test_progress_reaches_the_whole_size(weights: Weights, served: Served, tmp_path: Path) -> None:
    part_of(tmp_path).write_bytes(DATA[:1000])
    seen: list[tuple[int, int | None]] = []
    fetch(weights, tmp_path, on_progress=lambda _w, done, total: seen.append((done, total)))
    assert seen[-1] == (len(DATA), len(DATA))
    assert all(total == len(DATA) for _, total in seen)


def test_seeded_weights_are_never_downloaded(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError) as caught:
        fetch(REGISTRY["seeded-vgg19-quarter"], tmp_path)
    assert caught.value.code == "weights.seeded"
