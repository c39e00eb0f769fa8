"""``stylearena stylize``: one picture in one or several styles, by Gatys' method.

A command of its own: ``evaluator`` finds it by the entry point ``stylearena.commands`` and never
imports this package. Light until it runs.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evaluator.errors import ParticipantError
from evaluator.writing import writing

if TYPE_CHECKING:
    from torch import Tensor

    from baselines.features import FeatureNetwork
    from baselines.methods.gatys import GatysSettings
    from baselines.methods.gatys_entry import Optimisation, Style

__all__ = ["stylize"]

Shares = Annotated[
    list[float] | None, typer.Option(help="The share of each style, in order; equal without.")
]

Strength = Annotated[
    float | None, typer.Option(min=0.0, help="Of the style.", show_default="1, or the file's")
]
Config = Annotated[
    Path | None,
    typer.Option(help="A TOML file: features, layers, weights, scales and iterations."),
]


def stylize(
    content: Annotated[Path, typer.Argument(help="The picture to stylise.")],
    style: Annotated[list[Path], typer.Option(help="A style picture; repeat it for more.")],
    out: Annotated[Path, typer.Option(help="Where to write the result: .png or .jpg.")] = Path(
        "stylized.png"
    ),
    share: Shares = None,
    strength: Strength = None,
    keep_colours: Annotated[
        bool, typer.Option("--keep-colours", help="Transfer luminance only.")
    ] = False,
    size: Annotated[int, typer.Option(min=64, help="Short side of the result.")] = 384,
    config: Config = None,
    device: Annotated[str, typer.Option(help="Where to run: cpu or cuda.")] = "cpu",
) -> None:
    """Paint one picture in the manner of others, by optimising it (Gatys et al. 2016)."""
    from baselines.methods.gatys import GatysSettings, features_for
    from baselines.training.settings import chosen
    from evaluator.backbones.loading import find_device
    from evaluator.commands.console import people

    if out.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise ParticipantError("stylize.format", f"{out} is neither .png nor .jpg; name it so.")
    _require_writable(out)
    shares, place = _shares(share, len(style)), find_device(device)
    settings = chosen({"picture": GatysSettings()}, "picture", config)
    network = features_for(settings).to(place)
    options = _options(settings, strength, keep_colours=keep_colours)
    styles = [(_read(path, size).to(place), part) for path, part in zip(style, shares, strict=True)]
    painted = _painted(network, _read(content, size).to(place), styles, options)
    _require_finite(painted)
    _write(out, painted)
    people().print(f"{out}", markup=False)


def _painted(
    network: FeatureNetwork, content: Tensor, styles: list[Style], options: Optimisation
) -> Tensor:
    """Of the size of the content, with a progress bar."""
    from baselines.methods.gatys_entry import stylise
    from evaluator.commands.console import steps

    # L-BFGS begins no iteration after so many evaluations; its last line search may take more.
    most, done = sum(count * 5 // 4 for count in options.iterations), 0
    with steps("stylising") as bar:

        def heard(step: int, loss: float) -> None:
            nonlocal done
            done = step
            bar.count(f"loss {loss:.3g}", step, max(step, most))

        painted = stylise(network, content, styles, options, heard)
        bar.count("stylised", done, done)
    return painted


def _options(
    settings: GatysSettings, strength: float | None, *, keep_colours: bool
) -> Optimisation:
    """Those of the settings, but for what the command line says."""
    if strength is not None and not math.isfinite(strength):
        raise ParticipantError(
            "stylize.strength", f"--strength must be a finite number, not {strength}; mend it."
        )
    options = settings.optimisation()
    return options._replace(
        strength=options.strength if strength is None else strength,
        preserve_colours=keep_colours or options.preserve_colours,
    )


def _shares(share: list[float] | None, styles: int) -> list[float]:
    shares = share or [1.0] * styles
    if len(shares) != styles or min(shares) < 0 or not 0 < sum(shares) < math.inf:
        raise ParticipantError(
            "stylize.shares",
            f"There are {styles} styles and the shares {shares}; give each style one share, a "
            "finite number, none negative and not all zero.",
        )
    return shares


def _require_finite(painted: Tensor) -> None:
    """Refuse what would be written as a blank picture."""
    if not painted.isfinite().all():
        raise ParticipantError(
            "stylize.diverged",
            "The picture's values grew beyond all bounds; lower --strength, or content_weight and "
            "style_weight in the --config file.",
        )


def _read(path: Path, size: int) -> Tensor:
    """[1, 3, H, W] in 0..1, its short side brought to ``size``."""
    import torch
    from torch.nn.functional import interpolate

    from evaluator.images import PicturePolicy, decode

    pixels = torch.from_numpy(decode(path, PicturePolicy(size=None)))
    picture = pixels.permute(2, 0, 1)[None].float() / 255
    scale = size / min(picture.shape[2:])
    sides = [max(1, round(side * scale)) for side in picture.shape[2:]]
    return interpolate(picture, sides, mode="bilinear", antialias=True, align_corners=False)


def _require_writable(path: Path) -> None:
    """Learn before minutes of painting that nothing could be written; leaves nothing behind."""
    made: list[Path] = []
    with _writing(path):
        try:
            for folder in reversed(path.parents):
                if not folder.exists():
                    folder.mkdir()
                    made.append(folder)
            was_there = path.exists()
            path.open("ab").close()
            if not was_there:
                path.resolve().unlink()  # a link stays, and what it named was not there
        finally:
            for folder in reversed(made):
                folder.rmdir()


def _write(path: Path, picture: Tensor) -> None:
    import numpy as np

    from evaluator.images import encode_jpeg, encode_png

    pixels = np.round(255 * picture[0].permute(1, 2, 0).cpu().numpy()).astype(np.uint8)
    data = encode_png(pixels) if path.suffix.lower() == ".png" else encode_jpeg(pixels)
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _writing(path: Path) -> AbstractContextManager[None]:
    return writing(
        f"The picture {path}",
        "name another place with --out",
        code="stylize.unwritable",
        error=ParticipantError,
    )
