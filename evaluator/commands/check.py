"""``stylearena check``: will this entry be accepted, does it run, and how long will it take?

The static checks of the site, then two pairs in the sandbox. Nothing is scored; torch stays out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from evaluator.devices import require_device_name
from evaluator.errors import ParticipantError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evaluator.datasets import Dataset, Pair
    from evaluator.entry import Entry
    from evaluator.sandbox import Box

__all__ = ["check"]

_EXIT_BAD = 2
_SATURATED = 0.95


@dataclass(frozen=True, slots=True)
class _Checked:
    """What was found out about an entry that passed."""

    name: str
    runtime: str
    digest: str
    size_bytes: int
    parameters: int | None
    inputs: tuple[str, ...] | None
    opset: int | None
    rung: str
    sandbox_warning: str
    device: str
    startup_seconds: float
    pair_seconds: tuple[float, ...]
    peak_memory_bytes: int | None
    dataset: str
    pairs: int
    predicted_seconds: float
    hints: tuple[str, ...]
    styles: tuple[str, ...] = ()


def check(
    entry: Annotated[
        Path, typer.Argument(help="The entry: a .zip with entry.toml, or a bare .onnx model.")
    ],
    device: Annotated[str, typer.Option(help="Where to run: cpu or cuda.")] = "cpu",
    dataset: Annotated[
        str, typer.Option(help="'demo', 'demo-heldout' or a dataset's folder.", metavar="NAME|DIR")
    ] = "demo",
    json: Annotated[
        bool,
        typer.Option("--json", help="Print the findings as JSON, and nothing else, on stdout."),
    ] = False,
) -> None:
    """Check an entry before handing it in: look at it, then run two pairs in the sandbox.

    Exit code 0 if it is good, 2 with one sentence on what to mend if it is not.
    """
    try:
        checked = _check(entry, device, dataset)
    except ParticipantError as error:
        if not json:
            raise
        _print_json({"ok": False, "code": error.code, "error": str(error)})
        raise typer.Exit(_EXIT_BAD) from None
    if json:
        _print_json({"ok": True, **asdict(checked)})
    else:
        _show(checked)


def _check(archive: Path, device: str, dataset: str) -> _Checked:
    from evaluator.commands.console import steps, warn
    from evaluator.entry import open_entry
    from evaluator.evaluate import find_dataset
    from evaluator.sandbox.rungs import best_rung

    require_device_name(device)
    with TemporaryDirectory(prefix="stylearena-entry-") as folder:
        with steps("static checks") as bar:
            entry = open_entry(archive, Path(folder) / "entry")
            data = find_dataset(
                dataset,
                on_painted=lambda done, total: bar.count("painting the demo dataset", done, total),
            )
        if warning := best_rung(entry.manifest.runtime).warning:
            warn("THE SANDBOX IS NOT COMPLETE", warning)
        with steps("two pairs in the sandbox") as bar:
            return _try(entry, data, device, warning)


def _try(entry: Entry, data: Dataset, device: str, warning: str) -> _Checked:
    """Run the smoke pairs; what the entry printed is shown if it fails."""
    from evaluator.sandbox import Box

    pairs = data.smoke_pairs()
    box = Box(entry, device=device)
    try:
        with box:
            seconds, hints = _run(box, data, pairs)
    except ParticipantError:
        _show_log(box.log)
        raise
    usage, facts = box.usage, entry.facts
    return _Checked(
        name=entry.manifest.name,
        runtime=entry.manifest.runtime,
        digest=entry.digest,
        size_bytes=entry.size_bytes,
        parameters=facts.parameters if facts else None,
        inputs=facts.inputs if facts else None,
        opset=facts.opset if facts else None,
        rung=str(box.rung),
        sandbox_warning=warning,
        device=device,
        startup_seconds=usage.startup_seconds,
        pair_seconds=seconds,
        peak_memory_bytes=usage.peak_memory_bytes,
        dataset=data.name,
        pairs=len(data.pairs),
        predicted_seconds=_predict(usage.startup_seconds, seconds, len(data.pairs)),
        hints=(*_style_hints(entry.manifest.styles, data), *hints),
        styles=entry.manifest.styles,
    )


def _run(
    box: Box, data: Dataset, pairs: tuple[Pair, ...]
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Seconds of each pair, and hints about outputs that are allowed but look like a mistake."""
    from evaluator.images import decode
    from evaluator.protocols import DEFAULT_PROTOCOL, protocol

    policy = protocol(DEFAULT_PROTOCOL).pictures
    seconds: list[float] = []
    hints: dict[str, None] = {}
    for pair in pairs:
        content = decode(data.content.by_id(pair.content).path, policy, name=pair.content)
        style = decode(data.style.by_id(pair.style).path, policy, name=pair.style)
        frame = box.stylize(content[None], style[None])
        seconds.append(frame.seconds)
        hints |= dict.fromkeys(_hints(frame.pixels))
    return tuple(seconds), tuple(hints)


def _hints(pixels: NDArray[np.uint8]) -> list[str]:
    if ((pixels == 0) | (pixels == 255)).mean() > _SATURATED:
        return ["The output is almost all 0 or 1: pictures are float32 in 0..1, not in 0..255."]
    if pixels.max() == pixels.min():
        return ["The output is one flat colour: is the model's last layer what it should be?"]
    return []


def _style_hints(named: tuple[str, ...], data: Dataset) -> list[str]:
    """What somebody whose model is tied to some styles must know before handing it in."""
    if not named:
        return []
    there = {picture.id for picture in data.style}
    hints = [
        f"The entry is made for the style '{style}', which {data.name} does not have."
        for style in named
        if style not in there
    ]
    if others := len(there - set(named)):
        hints.append(
            "The entry is judged on the pairs of all styles; it does not name "
            f"{others} of those of {data.name}."
        )
    return hints


def _predict(startup: float, seconds: tuple[float, ...], pairs: int) -> float:
    """Startup, the first pair (which warms up), and the last one's time for all the others."""
    return startup + seconds[0] + (pairs - 1) * seconds[-1]


def _print_json(values: dict[str, object]) -> None:
    import json

    print(json.dumps(values, indent=2))


def _show_log(text: str) -> None:
    from evaluator.commands.console import aside, plain

    if text.strip():
        aside().print("the entry printed:", style="dim")
        aside().print(plain(text.rstrip()), markup=False, style="dim")


def _show(checked: _Checked) -> None:
    from rich.text import Text

    from evaluator.commands.console import people, plain, show_facts

    show_facts(checked.name, _static_facts(checked))
    show_facts(f"two pairs of {checked.dataset} in the sandbox", _run_facts(checked))
    for hint in checked.hints:
        people().print(Text(f"! {hint}", "bold yellow"))
    if checked.sandbox_warning:
        people().print(Text(f"! {plain(checked.sandbox_warning)}", "bold yellow"))
    people().print(Text("\n✓ good: this entry can be handed in", "bold green"))


def _static_facts(checked: _Checked) -> dict[str, str]:
    facts = {
        "runtime": checked.runtime,
        "size": f"{checked.size_bytes / (1 << 20):.2f} MiB",
        "sha256": checked.digest,
    }
    if checked.styles:
        facts["made for"] = ", ".join(checked.styles)
    if checked.inputs is not None:
        facts["inputs"] = ", ".join(checked.inputs)
        facts["opset"] = str(checked.opset)
        facts["parameters"] = f"{checked.parameters:,}"
    return facts


def _run_facts(checked: _Checked) -> dict[str, str]:
    from evaluator.sandbox import Limits

    limits = Limits()
    peak = checked.peak_memory_bytes
    times = ", ".join(f"{seconds:.3f} s" for seconds in checked.pair_seconds)
    return {
        "sandbox": checked.rung,
        "device": checked.device,
        "start": f"{checked.startup_seconds:.2f} s (limit {limits.start_seconds:.0f} s)",
        "pairs": f"{times} (limit {limits.pair_seconds:.0f} s each)",
        "memory": f"{(peak or 0) >> 20} MiB (limit {limits.memory_bytes >> 20} MiB)",
        "predicted": f"{checked.predicted_seconds:.1f} s for all {checked.pairs} pairs, unscored",
    }
