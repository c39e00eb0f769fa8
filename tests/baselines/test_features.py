"""Features: training sees what the evaluator sees; missing weights are one sentence."""

from pathlib import Path

import pytest
import torch

from baselines.features import feature_network
from evaluator.backbones.compact import CompactMaps
from evaluator.backbones.loading import exact_arithmetic, load_state
from evaluator.backbones.vgg import Vgg
from evaluator.backbones.weights import REGISTRY
from evaluator.errors import ParticipantError
from evaluator.specs import BackboneSpec, WeightsRef

SEEDED = "seeded-vgg19-quarter"
LAYERS = ("conv1_1", "conv2_2", "conv4_2")


def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """The same picture as uint8 [N, H, W, 3] and as float [N, 3, H, W] in 0..1."""
    pixels = torch.randint(256, (1, 37, 42, 3), generator=torch.Generator().manual_seed(3))
    return pixels.to(torch.uint8), pixels.permute(0, 3, 1, 2) / 255


def ref(name: str) -> WeightsRef:
    return WeightsRef(name, REGISTRY[name].sha256)


def test_vgg_is_the_evaluators() -> None:
    spec = BackboneSpec("perceptual", "vgg19", ref(SEEDED), "torchvision", width=0.25)
    judge = Vgg(load_state(ref(SEEDED)), spec, layers=LAYERS, device=torch.device("cpu"))
    pixels, floats = pictures()
    with exact_arithmetic():
        expected = judge.features(pixels)
    found = feature_network(SEEDED, LAYERS)(floats)
    for layer in LAYERS:
        assert torch.allclose(found[layer], expected[layer], atol=1e-4)


def test_the_compact_network_is_the_evaluators() -> None:
    layers = ("conv1_1", "conv4_1")
    state = load_state(ref("compact-vgg"))
    judge = CompactMaps(state, layers=layers, device=torch.device("cpu"))
    pixels, floats = pictures()
    with exact_arithmetic():
        expected = judge.features(pixels)
    found = feature_network("compact-vgg", layers)(floats)
    for layer in layers:
        assert torch.allclose(found[layer], expected[layer], atol=1e-3)


def test_real_weights_in_the_folder_are_taken_by_their_file(shared_weights: Path) -> None:
    name = "vgg19_caffe_bgr_relu4_1_mixed.pth"
    network = feature_network(name, ("conv4_1",), folder=shared_weights)
    assert network(pictures()[1])["conv4_1"].shape == (1, 512, 4, 5)
    with pytest.raises(ParticipantError, match="have no conv4_2, only conv1_1"):
        feature_network(name, ("conv4_2",), folder=shared_weights)


def test_gradients_reach_the_picture_and_not_the_weights() -> None:
    network = feature_network(SEEDED, ("conv2_1",))
    picture = pictures()[1].requires_grad_()
    torch.autograd.backward(network(picture)["conv2_1"].sum())
    assert picture.grad is not None
    assert float(picture.grad.abs().sum()) > 0
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_an_encoder_rounds_sizes_up() -> None:
    found = feature_network(SEEDED, ("conv4_1",), encoder=True)(pictures()[1])
    assert found["conv4_1"].shape[2:] == (5, 6)


def test_missing_weights_are_one_sentence_on_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError, match="run `stylearena weights fetch vgg19-caffe`"):
        feature_network("vgg19-caffe", LAYERS, folder=tmp_path)


def test_a_name_of_no_weights_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ParticipantError, match=r"There are no weights my\.pth"):
        feature_network("my.pth", LAYERS, folder=tmp_path)
