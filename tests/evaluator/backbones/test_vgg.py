"""VGG-19's features: against torchvision's own network, and against plain float64 convolutions."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torchvision.models.vgg import cfgs, make_layers

from evaluator.backbones.loading import LoadedState, exact_arithmetic, find_device
from evaluator.backbones.seeded import make
from evaluator.backbones.vgg import LAYERS, Vgg, preprocess
from evaluator.backbones.winograd import MinimalConv
from evaluator.errors import ParticipantError, PlatformFault
from evaluator.protocols import protocol

SPEC = protocol("untrained-1").backbone("perceptual")
CPU = torch.device("cpu")
PIXELS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 64, 80, 3), np.uint8))


def state(**extra: torch.Tensor) -> LoadedState:
    tensors = {k: torch.from_numpy(v) for k, v in make(SPEC.weights.name).items()}
    return LoadedState("test", tensors | extra, "")


def look(*layers: str, **changes: object) -> dict[str, torch.Tensor]:
    network = Vgg(state(), replace(SPEC, **changes), layers=layers, device=CPU)
    with exact_arithmetic():
        return network.features(PIXELS)


def test_layers_are_torchvision_s_relus() -> None:
    """The full width, with torchvision's own random weights, against its own module."""
    torch.manual_seed(0)
    peer = make_layers(cfgs["E"])
    tensors = {f"features.{name}": value for name, value in peer.state_dict().items()}
    loaded = LoadedState("peer", tensors, "")
    network = Vgg(loaded, replace(SPEC, width=1.0), layers=LAYERS, device=CPU)
    with exact_arithmetic():
        found = network.features(PIXELS)
        x = preprocess(PIXELS, "torchvision")
        relus = []
        for module in peer:
            x = module(x)
            if isinstance(module, torch.nn.ReLU):
                relus.append(x.clone())
    assert list(found) == list(LAYERS)
    for ours, theirs in zip(found.values(), relus, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_wide_layers_alone_are_convolved_by_minimal_filtering() -> None:
    torch.manual_seed(0)
    tensors = {f"features.{k}": v for k, v in make_layers(cfgs["E"]).state_dict().items()}
    network = Vgg(
        LoadedState("peer", tensors, ""), replace(SPEC, width=1.0), layers=LAYERS, device=CPU
    )
    minimal = [conv.layer for conv in network._convs if isinstance(conv.convolve, MinimalConv)]
    assert minimal == [layer for layer in LAYERS if layer[4] in "345"]


def test_features_equal_plain_float64_convolutions() -> None:
    x = preprocess(PIXELS, "torchvision").double()
    x = F.conv2d(x, state().tensors["features.0.weight"].double(), padding=1).relu()
    x = F.conv2d(x, state().tensors["features.2.weight"].double(), padding=1).relu()
    assert torch.allclose(look("conv1_2")["conv1_2"].double(), x, rtol=1e-5, atol=1e-5)


def test_one_pass_gives_what_is_asked_for_and_nothing_else() -> None:
    found = look("conv1_1", "conv3_2")
    assert {name: tuple(x.shape) for name, x in found.items()} == {
        "conv1_1": (1, 16, 64, 80),
        "conv3_2": (1, 64, 16, 20),
    }


def test_weights_may_end_after_the_last_layer_needed() -> None:
    short = {k: v for k, v in state().tensors.items() if int(k.split(".")[1]) <= 10}
    loaded = LoadedState("short", short, "")
    Vgg(loaded, SPEC, layers=["conv3_1"], device=CPU)
    with pytest.raises(PlatformFault, match=r"features\.12\.weight is absent") as caught:
        Vgg(loaded, SPEC, layers=["conv3_2"], device=CPU)
    assert caught.value.code == "weights.format"


def test_weights_of_another_width_are_refused() -> None:
    with pytest.raises(PlatformFault, match="has shape"):
        Vgg(state(), replace(SPEC, width=0.5), layers=["conv1_1"], device=CPU)


def test_an_unknown_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="conv9_9"):
        look("conv9_9")


def test_average_pooling_is_a_network_of_its_own() -> None:
    assert torch.equal(look("conv1_2")["conv1_2"], look("conv1_2", pooling="avg")["conv1_2"])
    assert not torch.allclose(look("conv2_1")["conv2_1"], look("conv2_1", pooling="avg")["conv2_1"])


def test_caffe_s_input_is_bgr_without_its_mean() -> None:
    pixel = torch.tensor([[[[255, 100, 0]]]], dtype=torch.uint8)
    expected = [0 - 103.939, 100 - 116.779, 255 - 123.68]
    assert preprocess(pixel, "caffe").ravel().tolist() == pytest.approx(expected, abs=1e-4)


def test_torchvision_s_input_is_rgb_by_mean_and_deviation() -> None:
    pixel = torch.tensor([[[[255, 0, 51]]]], dtype=torch.uint8)
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]
    assert preprocess(pixel, "torchvision").ravel().tolist() == pytest.approx(expected, rel=1e-5)


def test_an_unknown_preprocessing_is_refused() -> None:
    with pytest.raises(ValueError, match="fid"):
        preprocess(PIXELS, "fid")


def test_a_device_that_is_not_there_is_one_sentence() -> None:
    assert find_device("cpu") == CPU
    with pytest.raises(ParticipantError, match="cuda:99") as caught:
        find_device("cuda:99")
    assert caught.value.code == "device.unavailable"
    with pytest.raises(ParticipantError) as caught:
        find_device("abacus")
    assert caught.value.code == "device.unknown"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_cuda_without_a_gpu_is_refused() -> None:
    with pytest.raises(ParticipantError) as caught:
        find_device("cuda")
    assert caught.value.code == "device.unavailable"


def test_exact_arithmetic_puts_back_what_was_set() -> None:
    before = torch.backends.cudnn.allow_tf32
    with exact_arithmetic():
        assert not torch.backends.cudnn.allow_tf32
        assert not torch.is_grad_enabled()
    assert torch.backends.cudnn.allow_tf32 == before


def test_exact_arithmetic_lasts_until_the_last_thread_has_left() -> None:
    """The switches are the process's: threads leave in another order than they came."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    entered, leave, seen = threading.Event(), threading.Event(), []

    def second() -> None:
        with exact_arithmetic():
            entered.set()
            leave.wait(5)
            seen.append((torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32))

    thread = threading.Thread(target=second)
    try:
        with exact_arithmetic():
            thread.start()
            assert entered.wait(5)
        leave.set()
        thread.join()
        assert seen == [(False, False)]
        assert torch.backends.cudnn.allow_tf32
        assert torch.backends.cuda.matmul.allow_tf32
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
