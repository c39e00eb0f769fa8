"""Style transfer by optimising the picture itself, on features of VGG-19.

Gatys, Ecker, Bethge: "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016.
Minimises α L_content + β L_style (equation 7) by L-BFGS, with L_content = ½ Σ (F − P)² at conv4_2
(1) and L_style = Σ_l w_l / (4 N_l² M_l²) Σ (G_l − A_l)² over conv1_1 … conv5_1 (4, 5), w_l = 1/5.
From small to full size, as in "Controlling Perceptual Factors in Neural Style Transfer", CVPR 2017,
section 6. Departures:
- Gram matrices are divided by their own M, so that styles of any size will do; at equal size this
  is equation 4;
- it starts from the content (the paper: from noise, or from either picture), each size from the
  content with the change that the smaller one made, so that no detail is blurred on the way;
- max pooling, with which the weights were trained (the paper prefers averages);
- several styles: the sum of their losses, each with its share; ``strength`` multiplies β.

The file stands on its own: as ``stylize.py`` in an archive, ``load`` is the entry's function.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["Optimisation", "Style", "load", "loss_of", "stylise", "with_colours_of"]

Features = Callable[[Tensor, Sequence[str]], Mapping[str, Tensor]]
Style = tuple[Tensor, float]

SMALLEST_SIDE = 32
LUMA = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


class Optimisation(NamedTuple):
    """``iterations`` of L-BFGS at each of ``scales``, shares of the full size, the last one 1."""

    content_layer: str = "conv4_2"
    style_layers: Sequence[str] = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    content_weight: float = 1.0
    style_weight: float = 1e5
    strength: float = 1.0
    scales: Sequence[float] = (0.5, 1.0)
    iterations: Sequence[int] = (60, 60)
    preserve_colours: bool = False


def stylise(
    features: Features,
    content: Tensor,
    styles: Sequence[Style],
    options: Optimisation,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> Tensor:
    """``content`` [1, 3, H, W] in 0..1 in the styles [1, 3, h, w], each with its share.

    ``on_step`` hears evaluations of the loss, counted over all scales.
    """
    given = content
    if options.preserve_colours:
        styles = [(_grey_as(style, content), share) for style, share in styles]
        content = _grey(content)
    change, step = torch.zeros_like(content), 0
    for scale, iterations in zip(options.scales, options.iterations, strict=True):
        small = _scaled(content, scale)
        size = small.shape[2:]
        start = small + F.interpolate(change, size, mode="bilinear", align_corners=False)
        smaller = [(_scaled(style, scale), share) for style, share in styles]
        loss = loss_of(features, small, smaller, options)

        def heard(value: float) -> None:
            nonlocal step
            step += 1
            on_step(step, value)

        change = _descend(start, loss, iterations, heard) - small
    image = (content + change).clamp(0, 1)
    return with_colours_of(image, given) if options.preserve_colours else image


def loss_of(
    features: Features, content: Tensor, styles: Sequence[Style], options: Optimisation
) -> Callable[[Tensor], Tensor]:
    """α L_content + strength · β L_style of a picture of the content's size, as a function."""
    with torch.no_grad():
        P = features(content, [options.content_layer])[options.content_layer]
        targets = [_grams(features(style, options.style_layers)) for style, _ in styles]
    total = sum(share for _, share in styles)
    shares = [share / total for _, share in styles]
    beta = options.strength * options.style_weight

    def loss(image: Tensor) -> Tensor:
        found = features(image, [*options.style_layers, options.content_layer])
        G = _grams({layer: found[layer] for layer in options.style_layers})
        style = sum(w * _style_loss(G, A) for w, A in zip(shares, targets, strict=True))
        content_loss = 0.5 * (found[options.content_layer] - P).square().sum()
        return options.content_weight * content_loss + beta * style

    return loss


def _grams(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """G / M for each layer."""
    flat = {layer: x.flatten(2)[0] for layer, x in found.items()}
    return {layer: x @ x.T / x.shape[1] for layer, x in flat.items()}


def _style_loss(G: Mapping[str, Tensor], A: Mapping[str, Tensor]) -> Tensor:
    errors = [(G[layer] - A[layer]).square().mean() / 4 for layer in A]
    return torch.stack(errors).mean()


def _descend(
    start: Tensor,
    loss: Callable[[Tensor], Tensor],
    iterations: int,
    heard: Callable[[float], None],
) -> Tensor:
    image = start.detach().clone(memory_format=torch.contiguous_format).requires_grad_()
    optimiser = torch.optim.LBFGS(
        [image], max_iter=iterations, history_size=20, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss(image)
        torch.autograd.backward(value)
        heard(float(value.detach()))
        return value

    with torch.enable_grad():
        optimiser.step(closure)  # type: ignore[no-untyped-call]
    return image.detach()


def _scaled(picture: Tensor, scale: float) -> Tensor:
    if scale == 1:
        return picture
    size = [max(SMALLEST_SIDE, round(side * scale)) for side in picture.shape[2:]]
    return F.interpolate(picture, size, mode="bilinear", antialias=True, align_corners=False)


def _yiq(picture: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", torch.tensor(LUMA, device=picture.device), picture)


def _grey(picture: Tensor) -> Tensor:
    return _yiq(picture)[:, :1].expand(-1, 3, -1, -1).contiguous()


def _grey_as(style: Tensor, content: Tensor) -> Tensor:
    """The style's luminance with the mean and deviation of the content's."""
    grey, wanted = _grey(style), _grey(content)
    return (grey - grey.mean()) * (wanted.std() / (grey.std() + 1e-5)) + wanted.mean()


def with_colours_of(image: Tensor, content: Tensor) -> Tensor:
    """The luminance of ``image`` with the colours of ``content``.

    Gatys, Bethge, Hertzmann, Shechtman: "Preserving Color in Neural Artistic Style Transfer", 2016:
    luminance-only transfer in YIQ.
    """
    both = torch.cat([_yiq(image)[:, :1], _yiq(content)[:, 1:]], dim=1)
    back = torch.linalg.inv(torch.tensor(LUMA, device=image.device))
    return torch.einsum("ij,njhw->nihw", back, both).clamp(0, 1)


def _vgg(weights: Mapping[str, Tensor]) -> Features:
    """VGG-19 from ``prepare`` and ``convX_Y`` weights, in the order of their names."""
    layers = sorted({key.partition(".")[0] for key in weights} - {"prepare"})

    def features(picture: Tensor, wanted: Sequence[str]) -> Mapping[str, Tensor]:
        x = F.conv2d(picture, weights["prepare.weight"], weights["prepare.bias"])
        found: dict[str, Tensor] = {}
        for layer in layers:
            if layer.endswith("_1") and layer != "conv1_1":
                x = F.max_pool2d(x, 2)
            x = F.conv2d(x, weights[f"{layer}.weight"], weights[f"{layer}.bias"], padding=1).relu()
            if layer in wanted:
                found[layer] = x
            if len(found) == len(set(wanted)):
                break
        return found

    return features


def load(device: str) -> Callable[[Tensor, Tensor], Tensor]:
    """The entry's function, with ``weights.safetensors`` and ``options.json`` beside this file."""
    from safetensors.torch import load_file

    here = Path(__file__).parent
    loaded = load_file(here / "weights.safetensors")
    features = _vgg({key: value.float().to(device) for key, value in loaded.items()})
    options = Optimisation(**json.loads((here / "options.json").read_text("utf-8")))

    def stylize(content: Tensor, style: Tensor) -> Tensor:
        pairs = zip(content[:, None], style[:, None], strict=True)
        return torch.cat([stylise(features, c, [(s, 1.0)], options) for c, s in pairs])

    return stylize
