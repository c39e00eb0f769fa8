"""What is known of each method: shipped weights, measured scores, and the table of both.

The table's scores are written by ``measure`` alone, from reports of the evaluator. What stands
above it is written by people who looked at the pictures: look again when a row changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baselines.registry import METHODS, NAMES, TRAINED, names_of
from baselines.runs import SHIPPED, has_weights, weights_of
from baselines.workflow import card_of, trained_names

if TYPE_CHECKING:
    from baselines.training.weights import Origin

__all__ = ["README", "RESULTS", "measure_entries", "rows", "ship_weights", "write_table"]

README = Path(__file__).resolve().parent / "README.md"
RESULTS = Path(__file__).resolve().parent / "results"
SHOWN = ("content_loss", "style_loss", "total_loss", "fid", "coverage")
UNTRAINED = "not trained yet"
UNMEASURED = "not measured yet"

HEAD = """# Baselines

Methods of the field as entries: each is exported as an archive that anyone could hand in.
This file is written by `python -m baselines table`; scores come from `python -m baselines measure`.

```sh
python -m baselines list                                # every method and its paper
python -m baselines train johnson --style STYLE         # a preset: smoke, cpu or gpu
python -m baselines export johnson                      # entries/johnson.STYLE.zip
python -m baselines check johnson                       # the ONNX graph against PyTorch
stylearena evaluate entries/johnson.STYLE.zip           # like anyone's
stylearena stylize photo.jpg --style painting.jpg       # one picture, by Gatys' method
```

A method that compares features takes them from VGG-19 (`stylearena weights fetch
vgg19-torchvision`), or from what `features` names in a TOML file given by `--config`.

Trained here, on two cores that other work shared, one thread a training (two for the student's last
300 steps), with `--preset cpu` and, where features are compared, those of the original VGG-19
(`vgg19-caffe`, of which the part up to conv4_1 could be had, as a file); WCT on a GPU. `--style` is
in a row's name. FOLDER holds the demo's public pictures and, as further contents, 25 photographs in
the public domain: Kodak's test pictures (PCD0992) 1–3, 5–11, 13, 16, 17 and 19–24, three of the
test data of libjxl (cvo9xd, tmshre, u76c0g), and chelsea, coffee and rocket of scikit-image:

```sh
stylearena dataset build --content CONTENTS --style STYLES --reference REFERENCES \\
    --name train --version 1 --out FOLDER
python -m baselines train NAME --dataset FOLDER --config baselines/recipes/features.toml
```

What was trained otherwise has a recipe of its own. The student and johnson-all, which ship, DCGAN
and StyleGAN2 learnt for longer, most of their steps from `compact-vgg`, the small network that
imitates VGG's features at some tenth of the time, and only the last ones from VGG-19:

```sh
python -m baselines train student --dataset FOLDER --config baselines/recipes/student.toml
python -m baselines train johnson-all --dataset FOLDER --config baselines/recipes/johnson-all.toml
python -m baselines train dcgan --dataset FOLDER --config baselines/recipes/dcgan.toml
python -m baselines train stylegan2 --dataset FOLDER --config baselines/recipes/stylegan2.toml
python -m baselines train wct --preset gpu --device cuda --dataset FOLDER \\
    --config baselines/recipes/wct.toml
python -m baselines ship student
python -m baselines ship johnson-all
python -m baselines export gatys --config baselines/recipes/gatys.toml  # for the table's losses
```

The first two paint each style differently, in its strokes rather than its shapes; AdaIN paints the
content's outlines in strokes of each style, its colours faintly, over a fine grid; WCT shows the
content clearly in each style's colours and strokes; Johnson's network paints its one style's
colours and lines. CycleGAN and FastCUT lay tesserae along what they are given, in the colours of
their family, with fringes of false colour at dark edges; StyleGAN2 engraves strokes of much the
same shape in each style's colours; DCGAN keeps the content clear and lays each style's lines, dabs
and tesserae over it in its colours, with stray strokes of red and a grid where a style is fine. The
GAN lays much the same strokes over every picture, WGAN-GP patches of each style's colours and
edges. By the interval of the paired difference, every one of them has more style than `reinhard`;
all of them keep more of the content than `style-copy`. CycleGAN and FastCUT are given no style
picture: they know their family alone. Of the total that is ranked, Gatys' method leaves about a
quarter of what the best network does on the pairs of woodblock-00, where all but the two of the
family of mosaics were measured beside it, and on those of mosaic-01 less than a tenth of what those
two do. No coverage but that of `style-copy` and traces of WCT's are above 0, so that it does not
tell WGAN-GP's critic from the GAN's; nor does the training monitor's of a thousand crops, by
VGG-19's statistics: 0.33 (0.24 – 0.42) for the GAN, 0.36 (0.27 – 0.45) for WGAN-GP, the difference
0.03 (−0.01 – 0.07), by `python -m tests.baselines.coverage_board`. Scores are of the demo's public
pictures, which they learnt from (of the twelve pairs of one style for what is tied to a style or
family), by `python -m tests.baselines.vgg_board`: `content_loss`, `style_loss` and `total_loss` (α
= 1, β = 10³) on the same VGG-19, at 256 pixels. Styles differ by an order of magnitude in their
losses, so that each interval is wide; `stylearena compare` of two reports has the interval of the
difference.

| method | paper | parameters | trained | scores (95 % interval) | licence |
|---|---|---|---|---|---|
"""


def measure_entries(
    name: str, out: Path, runs: Path, *, protocol: str, dataset: str, results: Path | None = None
) -> Iterator[str]:
    """Evaluate what was exported of a method, keep the scores and tell them, a line an archive.

    Reports and pictures go into a folder for each archive in ``results``, if that is given.
    """
    from baselines.export_trained import archive_name
    from baselines.training.weights import load_weights
    from evaluator.evaluate import evaluate

    for each in names_of(name):
        origins: list[Origin | None] = [None]
        if each in TRAINED:
            origins = [load_weights(path)[1] for path in weights_of(each, runs)]
        for origin in origins:
            archive = out / (archive_name(origin) if origin else f"{each}.zip")
            whole = results and results / archive.stem
            report = evaluate(archive, dataset, protocol=protocol, out=whole)
            scores = {
                metric: {"value": score.value, "low": score.low, "high": score.high}
                for metric, score in report.overall.items()
                if metric in SHOWN
            }
            facts = report.provenance
            known = {"entry": report.entry.digest, "parameters": report.entry.parameters}
            known |= {"trained": _trained(origin)} if origin else {}
            _keep(
                archive.stem,
                f"{protocol} on {facts.dataset} {facts.dataset_version}",
                known | scores,
            )
            yield f"{archive.stem}: " + "; ".join(_shown(m, s) for m, s in scores.items())


def ship_weights(name: str, runs: Path) -> list[Path]:
    """Copy a method's weights into the package, in half precision."""
    from baselines.training.weights import load_weights, save_weights

    names = trained_names(name)
    if name == "all":
        names = tuple(each for each in names if has_weights(each, runs))
    shipped = []
    for path in (path for each in names for path in weights_of(each, runs)):
        if path.parent == SHIPPED:
            continue
        state, origin = load_weights(path)
        target = SHIPPED / f"{path.parent.name}.safetensors"
        shipped.append(save_weights(target, state, origin, half=True))
    return shipped


def write_table() -> Path:
    """Write the README anew and return its path."""
    README.write_text(HEAD + "".join(f"{row}\n" for row in rows()), "utf-8")
    return README


def rows() -> Iterator[str]:
    """A row of the table for each method, or for each of its trainings that ships or was measured.

    A method tied to a style has several, METHOD.STYLE.
    """
    for name in NAMES:
        card = card_of(name)
        for stem in _stems(name) or [name]:
            cells = [f"`{stem}`", card.paper, *_training(name, stem), _scores(stem), card.licence]
            yield "| " + " | ".join(cells) + " |"


def _stems(name: str) -> list[str]:
    """The trainings of a method, by the names of their runs."""
    files = (SHIPPED / "{}.safetensors", RESULTS / "{}.json")
    found = {
        path.name.removesuffix(file.suffix)
        for file in files
        for part in (name, f"{name}.*")
        for path in file.parent.glob(file.name.format(part))
    }
    return sorted(found)


def _training(name: str, stem: str) -> tuple[str, str]:
    """The number of parameters, and how long they were trained on what."""
    if name not in TRAINED:
        return "–", "nothing to train" if name in METHODS else "optimises each picture"
    if (weights := SHIPPED / f"{stem}.safetensors").is_file():
        from baselines.training.weights import load_weights

        _, origin = load_weights(weights)
        return f"{origin.parameters:,}", f"{_trained(origin)}; ships"
    for facts in _measured(stem).values():
        return f"{facts['parameters']:,}", facts["trained"]
    return "–", UNTRAINED


def _trained(origin: Origin) -> str:
    minutes = f"{origin.minutes:.{0 if origin.minutes >= 3 else 1}f} minutes"
    planned = origin.settings["steps"]
    steps = f"{origin.steps:,}" + (f" of {planned:,}" if origin.steps < planned else "")
    return f"{steps} steps (preset {origin.preset}), {minutes}, {origin.hardware}"


def _scores(stem: str) -> str:
    shown = (
        f"{where}: " + ", ".join(_shown(m, values[m]) for m in SHOWN if m in values)
        for where, values in _measured(stem).items()
    )
    return "<br>".join(shown) or UNMEASURED


def _measured(stem: str) -> dict[str, dict[str, Any]]:
    """Where it was measured → what was found there."""
    path = RESULTS / f"{stem}.json"
    found: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found


def _shown(metric: str, score: dict[str, float | None]) -> str:
    text = f"{metric} {score['value']:.4g}"
    if score["low"] is not None and score["high"] is not None:
        text += f" ({score['low']:.4g} – {score['high']:.4g})"
    return text


def _keep(stem: str, where: str, scores: dict[str, Any]) -> None:
    path = RESULTS / f"{stem}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(_measured(stem) | {where: scores}, indent=1, sort_keys=True) + "\n", "utf-8"
    )
