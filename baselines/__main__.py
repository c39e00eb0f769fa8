"""``python -m baselines``: list the methods, train them, export them as entries, check those.

Command functions import what they need, so that ``--help`` needs no torch.
"""

import math
import sys
from enum import StrEnum
from pathlib import Path

import typer

from evaluator.errors import StyleArenaError

app = typer.Typer(
    name="baselines",
    help="Methods of the field as entry archives.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

METHOD = typer.Argument(help="A method's name, or all.")
NAME = typer.Argument("all", help="A method's name, all, or shipped.")
OUT = typer.Option(Path("entries"), "--out", help="The folder to write archives to.")
RUNS = typer.Option(Path("runs"), "--runs", help="The folder of trainings, one each.")
CONFIG = typer.Option(None, "--config", help="A TOML file that changes settings of the preset.")
DATASET = typer.Option(
    "demo", "--dataset", help="What to learn from: 'demo' or a dataset's folder."
)
STYLE = typer.Option("", "--style", help="One style's id, or a family; all without.")
DEVICE = typer.Option("cpu", "--device", help="Where to train: cpu or cuda.")
MINUTES = typer.Option(math.inf, "--minutes", help="Stop then, over all runs together.")


class Preset(StrEnum):
    """How much to spend."""

    SMOKE = "smoke"
    CPU = "cpu"
    GPU = "gpu"


PRESET = typer.Option(Preset.CPU, "--preset", help="How long: seconds, 20 CPU minutes, or a GPU.")


class Published(StrEnum):
    """Published networks that can be wrapped."""

    FAST_NEURAL_STYLE = "fast-neural-style"
    MICROAST = "microast"
    ADAIN = "adain"


class Runtime(StrEnum):
    """What runs the entry."""

    ONNX = "onnx"
    PYTHON = "python"


@app.command("list")
def list_methods() -> None:
    """Print each method's name, how it comes about, and its source."""
    from baselines.workflow import lines_of_methods

    for line in lines_of_methods():
        print(line)


@app.command()
def train(
    name: str = METHOD,
    preset: Preset = PRESET,
    dataset: str = DATASET,
    style: str = STYLE,
    config: Path | None = CONFIG,
    runs: Path = RUNS,
    device: str = DEVICE,
    minutes: float = MINUTES,
) -> None:
    """Train a method, or go on where it was interrupted; print the path of its weights.

    Ctrl-C ends the step and keeps what is learnt; a second one stops at once.

    Of ``all``, those that learn one style take the dataset's first, unless --style names another.
    """
    from baselines.workflow import Plan, require_settings, train_method, trained_names

    plan = Plan(preset.value, dataset, style, config, device, minutes, any_style=name == "all")
    names = trained_names(name)
    require_settings(names, preset.value, config)
    for each in names:
        print(train_method(each, plan, runs))


@app.command()
def export(
    name: str = NAME,
    out: Path = OUT,
    runs: Path = RUNS,
    preset: Preset = PRESET,
    config: Path | None = CONFIG,
) -> None:
    """Write entry archives and print their paths; preset and config are those of gatys.

    ``all`` leaves out what has no weights yet, and says so; ``shipped`` is what ships with the
    package.
    """
    from baselines.workflow import export_entries, ready_names, runs_for

    runs = runs_for(name, runs)
    for each in ready_names(name, runs, preset=preset.value, config=config, tell=aside):
        for path in export_entries(each, out, runs, preset=preset.value, config=config):
            print(path)


@app.command()
def check(
    name: str = NAME,
    out: Path = OUT,
    runs: Path = RUNS,
    preset: Preset = PRESET,
    config: Path | None = CONFIG,
) -> None:
    """Open the exported archives as the evaluator does and compare them with their references."""
    from baselines.workflow import check_entries, ready_names, runs_for

    runs = runs_for(name, runs)
    for each in ready_names(name, runs, preset=preset.value, config=config, tell=aside):
        for line in check_entries(each, out, runs, preset=preset.value, config=config):
            print(line)


@app.command("all")
def run_all(
    preset: Preset = PRESET,
    dataset: str = DATASET,
    style: str = STYLE,
    config: Path | None = CONFIG,
    runs: Path = RUNS,
    out: Path = OUT,
    device: str = DEVICE,
    minutes: float = MINUTES,
) -> None:
    """Train, export and check every method; ``--minutes`` is for each of them.

    A --config file holds settings that all of them have, such as features.
    """
    from baselines.registry import NAMES, TRAINED
    from baselines.workflow import Plan, ready_among, require_settings, train_method

    plan = Plan(preset.value, dataset, style, config, device, minutes, any_style=True)
    require_settings(NAMES, preset.value, config)
    for each in NAMES:
        if each in TRAINED:
            train_method(each, plan, runs)
        for ready in ready_among([each], runs, preset=preset.value, config=config, tell=aside):
            export(ready, out, runs, preset, config)
            check(ready, out, runs, preset, config)


@app.command()
def measure(
    name: str = METHOD,
    protocol: str = typer.Option(..., help="How to score; see 'stylearena protocols'."),
    dataset: str = typer.Option("demo", help="What to score on."),
    out: Path = OUT,
    runs: Path = RUNS,
    results: Path | None = typer.Option(None, help="Keep whole reports and pictures there."),
) -> None:
    """Evaluate exported entries and note their scores for the table."""
    from baselines.results import measure_entries

    lines = measure_entries(name, out, runs, protocol=protocol, dataset=dataset, results=results)
    for line in lines:
        print(line)


@app.command()
def ship(name: str = METHOD, runs: Path = RUNS) -> None:
    """Take trained weights into the package, in half precision."""
    from baselines.results import ship_weights

    for path in ship_weights(name, runs):
        print(path)


@app.command()
def table() -> None:
    """Write baselines/README.md anew from what is shipped and measured."""
    from baselines.results import write_table

    print(write_table())


@app.command()
def wrap(
    network: Published,
    weights: list[Path] = typer.Option(..., help="The published weights; repeat for more files."),
    out: Path = OUT,
    runtime: Runtime = typer.Option(Runtime.ONNX, help="Python: for microast."),
) -> None:
    """Make entries of published networks from their weights and print their paths."""
    from baselines.networks.published import wrap_published

    for path in wrap_published(network.value, weights, out, runtime=runtime.value):
        print(path)


def aside(line: str) -> None:
    """Say on stderr what is no result."""
    print(line, file=sys.stderr)


def main() -> None:
    """Run the command line; refusals end with one sentence and exit code 2."""
    try:
        app()
    except StyleArenaError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
