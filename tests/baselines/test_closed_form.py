"""The closed-form methods: archives, parity with their references, what each does to a picture."""

import hashlib
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.export import export_method
from baselines.graph import build
from baselines.method import COMPARED
from baselines.methods.reinhard import DARKEST, LMS_FROM_RGB, OPPONENT_FROM_LOG
from baselines.methods.sliced_transport import STAGES, Stage, rotations
from baselines.parity import check_method
from baselines.registry import METHODS, find
from evaluator.entry import open_entry
from evaluator.errors import ParticipantError

Picture = NDArray[np.float32]


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("entries")
    return {name: export_method(method, folder) for name, method in METHODS.items()}


def picture(seed: int, height: int = 72, width: int = 95) -> Picture:
    """Smooth coloured noise [1, 3, H, W] between 0.1 and 0.9."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 9, 12, generator=generator)
    large = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic")
    fine = torch.rand(1, 3, height, width, generator=generator)
    pixels: Picture = (0.1 + 0.8 * (0.8 * large.clamp(0, 1) + 0.2 * fine)).numpy()
    return pixels


def stylise(archive: Path, content: Picture, style: Picture) -> Picture:
    with zipfile.ZipFile(archive) as files:
        session = onnxruntime.InferenceSession(files.read("model.onnx"))
    (result,) = session.run(["stylized"], {"content": content, "style": style})
    found: Picture = result
    return found


@pytest.mark.parametrize("name", METHODS)
def test_an_archive_passes_the_evaluators_checks_and_equals_its_reference(
    name: str, archives: dict[str, Path]
) -> None:
    assert check_method(METHODS[name], archives[name]) <= METHODS[name].tolerance


@pytest.mark.parametrize("name", METHODS)
def test_exporting_again_gives_the_same_bytes(
    name: str, archives: dict[str, Path], tmp_path: Path
) -> None:
    again = export_method(METHODS[name], tmp_path)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (again, archives[name])}
    assert len(digests) == 1


@pytest.mark.parametrize("name", METHODS)
def test_the_manifest_tells_what_the_card_tells(
    name: str, archives: dict[str, Path], tmp_path: Path
) -> None:
    manifest = open_entry(archives[name], tmp_path / "entry").manifest
    card = METHODS[name].card
    assert (manifest.name, manifest.runtime, manifest.paper) == (card.name, "onnx", card.paper)
    assert (manifest.licence, manifest.authors) == (card.licence, card.authors)
    measured = check_method(METHODS[name], archives[name])
    assert f"the largest difference from PyTorch is {measured:.2g}" in manifest.training


@pytest.mark.parametrize(
    ("name", "departure"),
    [("reinhard", "logarithms are of at least 1/255"), ("sliced-transport", "a sample is a 2×2")],
)
def test_the_manifest_states_departures(
    name: str, departure: str, archives: dict[str, Path], tmp_path: Path
) -> None:
    training = open_entry(archives[name], tmp_path / "entry").manifest.training
    assert f"Departures from the paper: {departure}" in training
    assert training.endswith("the result is clamped to 0..1.")


@pytest.mark.parametrize("name", METHODS)
def test_a_style_of_another_size_leaves_the_contents_size(
    name: str, archives: dict[str, Path]
) -> None:
    content, style = picture(1, 81, 67), picture(2, 120, 133)
    result = stylise(archives[name], content, style)
    assert result.shape == content.shape
    assert result.min() >= 0
    assert result.max() <= 1


def test_a_resized_style_is_the_one_that_torch_resizes(archives: dict[str, Path]) -> None:
    content, style = picture(1, 81, 67), picture(2, 120, 133)
    expected = METHODS["style-copy"].reference(torch.from_numpy(content), torch.from_numpy(style))
    assert np.abs(stylise(archives["style-copy"], content, style) - expected.numpy()).max() < 1e-4


def test_transport_of_a_style_of_another_size_equals_its_reference(
    archives: dict[str, Path],
) -> None:
    content, style = picture(1, 81, 67), picture(2, 120, 133)
    # Ranks amplify the last digits in which two libraries' resizing differs: give both the same.
    resized = stylise(archives["style-copy"], content, style)
    method = METHODS["sliced-transport"]
    expected = method.reference(torch.from_numpy(content), torch.from_numpy(resized)).numpy()
    found = stylise(archives[method.name], content, style)
    assert np.abs(found - expected).max() <= method.tolerance


def test_identity_returns_the_content(archives: dict[str, Path]) -> None:
    content = picture(1)
    assert np.array_equal(stylise(archives["identity"], content, picture(2)), content)


def test_style_copy_returns_the_style(archives: dict[str, Path]) -> None:
    style = picture(2)
    assert np.array_equal(stylise(archives["style-copy"], picture(1), style), style)


def opponent(pixels: Picture) -> NDArray[np.float64]:
    """lαβ [3, H·W] in base-10 logarithms."""
    flat = pixels[0].reshape(3, -1).astype(np.float64)
    lab: NDArray[np.float64] = OPPONENT_FROM_LOG @ np.log10(
        np.maximum(LMS_FROM_RGB @ flat, DARKEST)
    )
    return lab


def test_reinhard_gives_the_styles_moments_in_opponent_colours(
    archives: dict[str, Path],
) -> None:
    content, style = picture(1), 0.4 + 0.2 * picture(2)  # well inside the gamut: nothing is clamped
    result, wanted = opponent(stylise(archives["reinhard"], content, style)), opponent(style)
    assert np.allclose(result.mean(1), wanted.mean(1), atol=1e-5)
    assert np.allclose(result.std(1), wanted.std(1), rtol=1e-4)


def test_reinhard_with_the_content_as_style_changes_nothing(archives: dict[str, Path]) -> None:
    content = picture(1)
    assert np.allclose(stylise(archives["reinhard"], content, content), content, atol=1e-5)


def test_reinhard_stays_finite_on_black_and_on_a_single_colour(archives: dict[str, Path]) -> None:
    black, grey = np.zeros_like(picture(1)), np.full_like(picture(1), 0.5)
    for content, style in ((black, grey), (grey, black), (grey, picture(2)), (black, picture(2))):
        assert np.isfinite(stylise(archives["reinhard"], content, style)).all()


def sliced_distance(a: Picture, b: Picture) -> float:
    """Sliced Wasserstein-1 distance between the colours, on 64 random directions."""
    directions = np.random.default_rng(5).standard_normal((64, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    slices = [np.sort(directions @ pixels[0].reshape(3, -1), axis=1) for pixels in (a, b)]
    return float(np.abs(slices[0] - slices[1]).mean())


def test_transport_brings_colours_nearer_to_the_style_than_moments_do(
    archives: dict[str, Path],
) -> None:
    content, style = picture(1), picture(2) ** 3  # skewed: two moments do not describe it
    transported = sliced_distance(stylise(archives["sliced-transport"], content, style), style)
    moments = sliced_distance(stylise(archives["reinhard"], content, style), style)
    assert transported < 0.75 * moments
    assert transported < 0.1 * sliced_distance(content, style)


def test_transport_with_the_content_as_style_changes_nothing(archives: dict[str, Path]) -> None:
    content = picture(1)
    result = stylise(archives["sliced-transport"], content, content)
    assert np.allclose(result, content, atol=1e-4)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: f"shrink-{stage.shrink}")
def test_rotations_are_orthogonal(stage: Stage) -> None:
    for rotation in rotations(stage):
        assert np.allclose(rotation @ rotation.T, np.eye(len(rotation)), atol=1e-5)


def test_a_wrong_graph_is_told_from_its_reference(tmp_path: Path) -> None:
    def brighter(content: Tensor, style: Tensor) -> Tensor:
        return content + 0.01

    method = METHODS["identity"]
    archive = export_method(method, tmp_path)
    with pytest.raises(ParticipantError, match="differs from the method's reference"):
        check_method(replace(method, reference=brighter), archive)


def test_a_reference_that_is_no_number_at_one_size_is_no_match(tmp_path: Path) -> None:
    def broken(content: Tensor, style: Tensor) -> Tensor:
        return content * (torch.nan if content.shape[2:] == COMPARED[1].content else 1.0)

    method = METHODS["identity"]
    archive = export_method(method, tmp_path)
    with pytest.raises(ParticipantError, match="differs from the method's reference by nan"):
        check_method(replace(method, reference=broken), archive)


def test_a_graph_that_holds_only_for_styles_of_the_contents_size_is_told(tmp_path: Path) -> None:
    graph = build("as_it_is", "stylized = Identity(style)")
    method = replace(METHODS["style-copy"], model=lambda: graph)
    with pytest.raises(ParticipantError, match="differs from the method's reference by inf"):
        export_method(method, tmp_path)


def test_a_graph_that_holds_only_for_two_pairs_is_told(tmp_path: Path) -> None:
    body = """
        size = Shape<start=1>(content)
        two = Constant<value_ints = [2]>()
        shape = Concat<axis=0>(two, size)
        stylized = Expand(content, shape)
    """
    method = replace(METHODS["identity"], model=lambda: build("twice", body))
    with pytest.raises(ParticipantError, match="differs from the method's reference by inf"):
        export_method(method, tmp_path)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ParticipantError, match="sliced-transport"):
        find("gatis")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "milliseconds"),
    [("identity", 40), ("style-copy", 40), ("reinhard", 40), ("sliced-transport", 300)],
)
def test_a_pair_of_the_demos_size_is_quick(
    name: str, milliseconds: float, archives: dict[str, Path]
) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # so that processor time is what an idle machine would take
    with zipfile.ZipFile(archives[name]) as files:
        session = onnxruntime.InferenceSession(files.read("model.onnx"), options)
    feeds = {"content": picture(1, 256, 256), "style": picture(2, 256, 256)}
    seconds = []
    for _ in range(8):
        started = time.process_time()
        session.run(None, feeds)
        seconds.append(time.process_time() - started)
    assert 1000 * min(seconds) < milliseconds
