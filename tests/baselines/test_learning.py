"""What methods learn by: critics, penalties, contrasts, pools, modulations, the collapse watch."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from baselines.features import VggFeatures, feature_network
from baselines.losses import Perceptual, jittered, relative_error, total_variation
from baselines.methods import gan
from baselines.methods.adain import decoder_for
from baselines.methods.wgan_gp import gradient_penalty
from baselines.networks.dcgan import DCGANGenerator
from baselines.networks.discriminator import PatchDiscriminator
from baselines.networks.generator import painted, recoloured
from baselines.networks.layers import Norm
from baselines.networks.selection import StyleSelection
from baselines.networks.small import SmallGenerator
from baselines.networks.stylegan2 import ModulatedConv
from baselines.training.monitor import collapse
from baselines.training.pictures import Batch
from baselines.training.settings import SMOKE_FEATURES, Settings


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)


class Slope(nn.Module):
    """A critic whose gradient has the norm ``steepness`` everywhere."""

    def __init__(self, steepness: float, pixels: int) -> None:
        super().__init__()
        self.factor = steepness / pixels**0.5

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.factor * x).sum((1, 2, 3), keepdim=True)


@pytest.mark.parametrize(("steepness", "penalty"), [(1.0, 0.0), (3.0, 4.0)])
def test_the_gradient_penalty_is_the_squared_distance_of_the_slope_from_one(
    steepness: float, penalty: float
) -> None:
    real, fake = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    found = gradient_penalty(Slope(steepness, 3 * 8 * 8), real, fake)
    assert float(found) == pytest.approx(penalty, abs=1e-4)


def test_a_score_of_the_patch_discriminator_sees_seventy_pixels() -> None:
    critic = PatchDiscriminator(2, normed="none").eval()
    picture = torch.rand(1, 3, 160, 160).requires_grad_()
    scores = critic(picture)
    torch.autograd.backward(scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2])
    assert picture.grad is not None
    seen = picture.grad.abs().sum((0, 1)) > 0
    assert int(seen.any(0).sum()) == int(seen.any(1).sum()) == 70


def test_the_code_scales_and_shifts_what_dcgan_paints() -> None:
    """Not only beside the features of the first layer: of each layer on the way up."""
    network = DCGANGenerator(4, 8).eval()
    x, code = torch.rand(1, 24, 4, 4), torch.randn(2, 8)
    for layer, width in zip(network.decode, (24, 24), strict=True):
        one, other = (layer(x[:, :width], each[None]) for each in code)
        assert float((one - other).detach().abs().max()) > 1e-2


def test_scaling_in_and_out_is_the_convolution_with_modulated_weights() -> None:
    conv = ModulatedConv(5, 7, 3, 4)
    x, w = torch.randn(2, 5, 9, 9), torch.randn(2, 4)
    s = conv.style(w)
    found = conv(x, w)
    for index in range(2):
        weight = conv.weight * conv.scale * s[index].view(1, -1, 1, 1)
        weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        padded = F.pad(x[index : index + 1], (1, 1, 1, 1), mode="reflect")
        assert torch.allclose(found[index], F.conv2d(padded, weight)[0], atol=1e-5)


def test_an_equalised_layer_begins_at_he_s_scale_and_learns_ten_times_as_fast() -> None:
    """The authors' lrmul: the weights used move by ten times Adam's rate, over √fan-in."""
    rate, fan_in = 1e-3, 64 * 3 * 3
    conv = ModulatedConv(64, 64, 3, 4)
    before = (conv.weight * conv.scale).detach()
    assert float(before.std()) == pytest.approx(fan_in**-0.5, rel=0.02)
    optimiser = torch.optim.Adam(conv.parameters(), rate)
    torch.autograd.backward(conv(torch.randn(1, 64, 8, 8), torch.randn(1, 4)).square().sum())
    optimiser.step()
    moved = (conv.weight * conv.scale).detach() - before
    assert float(moved.abs().median()) == pytest.approx(10 * rate * fan_in**-0.5, rel=0.02)


def test_a_one_hot_code_chooses_a_row_of_scales_and_shifts() -> None:
    norm, x = Norm(3, code=2), torch.randn(1, 3, 8, 8)
    assert norm.linear is not None
    row = norm.linear.weight[:, 1]
    expected = F.instance_norm(x) * (1 + row[:3].view(1, 3, 1, 1)) + row[3:].view(1, 3, 1, 1)
    assert torch.allclose(norm(x, torch.tensor([[0.0, 1.0]])), expected, atol=1e-5)


def test_a_known_style_picture_chooses_its_own_row_at_any_size() -> None:
    styles = [torch.rand(3, 32, 32) * torch.rand(3, 1, 1) for _ in range(4)]
    selection = StyleSelection(4)
    selection.learn(styles)
    larger = F.interpolate(styles[2][None], scale_factor=2.0, mode="nearest")
    weights = selection(larger)[0]
    assert int(weights.argmax()) == 2
    assert float(weights.sum()) == pytest.approx(1)


def test_a_network_that_changes_nothing_paints_the_content() -> None:
    content = torch.rand(1, 3, 9, 9)
    found = painted(content, torch.zeros(1, 3, 12, 12))
    assert found.shape == content.shape
    assert float((found - content).abs().max()) <= 0.0201


def test_a_content_enters_in_the_style_s_colours_from_a_picture_or_from_what_was_learnt() -> None:
    content, style = 0.4 + 0.2 * torch.rand(1, 3, 16, 16), 0.5 + 0.3 * torch.rand(3, 12, 20)
    selection = StyleSelection(2)
    selection.learn([torch.rand(3, 8, 8), style])
    known = selection.recoloured(content, torch.tensor([[0.0, 1.0]]))
    for found in (recoloured(content, style[None]), known):
        for channel in range(3):
            painted_part, wanted = found[0, channel], style[channel]
            assert float(painted_part.mean()) == pytest.approx(float(wanted.mean()), abs=5e-3)
            assert float(painted_part.std()) == pytest.approx(float(wanted.std()), abs=5e-3)


@pytest.mark.parametrize("size", [(33, 47), (64, 40)])
def test_the_small_generator_keeps_the_size_and_starts_near_the_recoloured_content(
    size: tuple[int, int],
) -> None:
    network = SmallGenerator(4, 1, 8)
    content, style = torch.rand(2, 3, *size), torch.rand(2, 3, 30, 50)
    with torch.no_grad():
        found = network(content, style)
    assert found.shape == content.shape
    assert float((found - recoloured(content, style)).abs().mean()) < 0.1


def test_a_decoder_starts_alike_whatever_the_scale_of_the_features() -> None:
    def first_picture(factor: float) -> torch.Tensor:
        encoder = feature_network("seeded-vgg19-quarter", ["conv2_1"], encoder=True)
        assert isinstance(encoder, VggFeatures)
        for part in (encoder.convs["conv2_1"].weight, encoder.convs["conv2_1"].bias):
            part.mul_(factor)
        torch.manual_seed(3)
        with torch.no_grad():
            return decoder_for(encoder, "conv2_1", 4)(
                encoder(torch.full((1, 3, 16, 16), 0.5))["conv2_1"]
            )

    assert torch.allclose(first_picture(1), first_picture(300), atol=1e-5)


def test_collapse_to_one_texture_shows_in_recall_and_coverage() -> None:
    network = feature_network("seeded-vgg19-quarter", ("conv1_1", "conv2_1"))
    scales = torch.rand(24, 3, 1, 1)
    works, varied = (scales * torch.rand(24, 3, 32, 32) for _ in range(2))
    collapsed = scales[:1] * torch.rand(24, 3, 32, 32)
    good, bad = collapse(network, varied, works), collapse(network, collapsed, works)
    assert good["coverage"] > bad["coverage"] + 0.3
    assert good["recall"] > bad["recall"] + 0.3


def test_works_too_faint_to_be_the_reference_s_are_not_taken_for_them() -> None:
    """Each set at a scale of its own would find them alike."""
    network = feature_network("seeded-vgg19-quarter", ("conv1_1", "conv2_1"))
    works = torch.rand(24, 3, 1, 1) * torch.rand(24, 3, 32, 32)
    assert collapse(network, works, works)["coverage"] == 1
    assert collapse(network, works / 8, works)["coverage"] < 0.5


def test_the_monitor_compares_outputs_with_works_that_led_none_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[torch.Tensor] = []

    def heard(_: object, outputs: torch.Tensor, works: torch.Tensor) -> dict[str, float]:
        compared.extend((outputs, works))
        return {}

    def draw(count: int) -> Batch:
        """Works of a shade for each index; contents do not matter."""
        index = torch.randint(20, (count,))
        style = (index / 20)[:, None, None, None].expand(-1, 3, 32, 32)
        return Batch(torch.zeros(count, 3, 32, 32), style, index)

    settings = replace(gan.PRESETS["smoke"], watched=16)
    watched = gan.GAN(StyleCopy(), StyleCopy(), settings, torch.device("cpu"))
    monkeypatch.setattr("baselines.training.adversarial.collapse", heard)
    watched.monitor(draw)
    led, reference = ({round(float(v) * 20) for v in each[:, 0, 0, 0]} for each in compared)
    assert len(led) > 3
    assert len(reference) > 3
    assert not led & reference


def test_nothing_is_watched_where_no_pictures_are_asked_for() -> None:
    settings = replace(gan.PRESETS["smoke"], watched=0)
    task = gan.GAN(StyleCopy(), StyleCopy(), settings, torch.device("cpu"))
    assert task.monitor(lambda _: pytest.fail("pictures were drawn")) == {}


class StyleCopy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))  # for the optimiser

    def forward(self, content: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return style + 0 * self.weight


def test_a_relative_error_does_not_depend_on_the_scale_of_the_features() -> None:
    a, b = torch.rand(1, 4, 5, 5), torch.rand(1, 4, 5, 5)
    assert float(relative_error(100 * a, 100 * b)) == pytest.approx(float(relative_error(a, b)))


def test_pictures_are_jittered_together_and_never_twice_alike() -> None:
    picture = torch.rand(1, 3, 64, 40)
    turns = [jittered(picture, picture) for _ in range(8)]
    for one, other in turns:
        assert torch.equal(one, other)
        assert 0.8 * 64 - 8 <= one.shape[2] <= 1.2 * 64
    assert len({one.shape for one, _ in turns}) > 1


def test_the_first_features_see_jittered_pictures_and_the_last_ones_all_of_them() -> None:
    settings = Settings(
        steps=2,
        batch=1,
        crop=64,
        load=64,
        width=4,
        features=SMOKE_FEATURES,
        first_features="compact-vgg",
        first_share=0.5,
    )
    perceptual, pictures = Perceptual(settings, torch.device("cpu")), torch.rand(3, 1, 3, 64, 64)
    early, later = ([], [])
    for share, found in ((0.0, early), (0.5, later)):
        perceptual.begin(share)
        found += [float(perceptual.losses(*pictures)[1]) for _ in range(3)]
    assert len(set(early)) == 3
    assert len(set(later)) == 1


def test_a_flat_picture_has_no_variation() -> None:
    assert float(total_variation(torch.full((1, 3, 8, 8), 0.3))) == 0
    assert float(total_variation(torch.rand(1, 3, 8, 8))) > 0.01
