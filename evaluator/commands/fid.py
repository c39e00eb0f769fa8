"""``stylearena fid``: the Fréchet Inception distance of two folders of pictures."""

from __future__ import annotations

import json as json_format
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from evaluator.commands.console import Steps
    from evaluator.fid.choice import Choice
    from evaluator.fid.distance import Extractor, FidResult, Side

__all__ = ["fid"]


class Dims(StrEnum):
    """Inception's blocks, by their channels."""

    STEM = "64"
    SECOND = "192"
    MIXED_6E = "768"
    POOL_3 = "2048"


class Resize(StrEnum):
    """How pictures are brought to Inception's size."""

    PYTORCH = "pytorch"
    CLEAN = "clean"


RESIZES: Mapping[Resize, Literal["pytorch", "clean"]] = MappingProxyType(
    {Resize.PYTORCH: "pytorch", Resize.CLEAN: "clean"}
)


Reference = Annotated[
    Path | None,
    typer.Argument(help="The reference: the same; its features are kept. Or the file to write."),
]
SaveStats = Annotated[
    bool,
    typer.Option("--save-stats", help="Write A's statistics to B, a .npz, as pytorch-fid does."),
]
BatchSize = Annotated[
    int | None,
    typer.Option(min=1, help="Pictures at once on a GPU.", show_default="what is quickest"),
]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:N, or auto: a GPU if there is one.")]
Workers = Annotated[
    int | None,
    typer.Option(min=0, help="Threads; 0 is one, too.", show_default="one a processor"),
]
Fast = Annotated[
    bool, typer.Option("--fast", help="bfloat16: quicker, about 1e-3 off. Never for a paper.")
]
Resizing = Annotated[Resize, typer.Option(help="As pytorch-fid does, or clean: as clean-fid does.")]
Weights = Annotated[
    Path | None,
    typer.Option(help="Inception's weights.", show_default="FID's own, fetched once"),
]


def fid(
    a: Annotated[Path, typer.Argument(help="A folder of pictures, or .npz statistics.")],
    b: Reference = None,
    save_stats: SaveStats = False,
    dims: Annotated[Dims, typer.Option(help="Channels of Inception's block.")] = Dims.POOL_3,
    batch_size: BatchSize = None,
    device: Device = "auto",
    num_workers: Workers = None,
    fast: Fast = False,
    resize: Resizing = Resize.PYTORCH,
    weights: Weights = None,
    cache: Annotated[bool, typer.Option(help="Keep and use B's features.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Compute FID of two folders of pictures, as pytorch-fid does, in less time and memory.

    Takes pytorch-fid's files (directly in the folder; .PNG like .png), resizing, options and .npz
    statistics, and gives its number to a relative 1e-4 or better; with --resize clean, clean-fid's.
    """
    from evaluator.commands.console import steps
    from evaluator.devices import chosen_device
    from evaluator.fid.choice import Choice

    choice = Choice(int(dims), chosen_device(device), "fast" if fast else "exact", RESIZES[resize])
    with steps("preparing") as bar:
        extractor = _extractor(choice, weights, num_workers, batch_size, bar)
        result = None
        if save_stats:
            _save(a, _statistics_file(b), extractor)
        else:
            result = _distance(a, b, extractor, cache=cache)
    _warn_of_other_weights(extractor.used_weights)
    if result is not None:
        _show(result, json=json)


def _extractor(
    choice: Choice, weights: Path | None, threads: int | None, batch_size: int | None, bar: Steps
) -> Extractor:
    from evaluator.fid.distance import Extractor

    return Extractor(
        choice,
        weights_file=weights,
        threads=None if threads is None else max(1, threads),
        batch_size=batch_size,
        on_picture=lambda folder, done, total: bar.count(_label(folder), done, total),
        on_download=bar.fetched,
    )


def _distance(a: Path, b: Path | None, extractor: Extractor, *, cache: bool) -> FidResult:
    from evaluator.errors import ParticipantError
    from evaluator.fid.distance import fid_between

    if b is None:
        raise ParticipantError(
            "fid.one_side",
            "FID compares two sides: name a second folder or .npz.",
        )
    return fid_between(a, b, extractor, cache=cache)


def _statistics_file(out: Path | None) -> Path:
    """Where to write: numpy, and so pytorch-fid, adds .npz to a name without it."""
    from evaluator.errors import ParticipantError

    usage = "stylearena fid --save-stats FOLDER OUT.npz"
    if out is None:
        raise ParticipantError(
            "fid.one_side", f"--save-stats needs a file to write after the folder: {usage}."
        )
    if out.is_dir():
        raise ParticipantError(
            "fid.folder", f"{out} is a folder; name the file to write after A: {usage}."
        )
    file = out if out.suffix == ".npz" else out.with_name(f"{out.name}.npz")
    if file.exists():
        what = "is a folder" if file.is_dir() else "is there already"
        raise ParticipantError("fid.exists", f"{file} {what}; name another file.")
    return file


def _save(a: Path, out: Path, extractor: Extractor) -> None:
    from evaluator.commands.console import aside
    from evaluator.statistics_file import require_writable, save_statistics

    given = extractor.look_at(a)
    require_writable(out)
    side, statistics = extractor.side(given, cache=False)
    save_statistics(out, statistics)
    of = side.path if side.pictures is None else f"{side.pictures} pictures"
    aside().print(f"statistics of {of} in {out}", markup=False, soft_wrap=True)
    _tell_of_others(side)


def _tell_of_others(*sides: Side) -> None:
    """A number that rests on fewer files than lie there must say so."""
    from evaluator.commands.console import aside, plain
    from evaluator.fid.pictures import EXTENSIONS

    for side in sides:
        if side.not_taken:
            endings = ", ".join(sorted(EXTENSIONS))
            aside().print(
                f"note: files in {plain(str(side.path))} that were not taken, since they do not "
                f"end in {endings}: {side.not_taken}",
                markup=False,
                soft_wrap=True,
            )


def _warn_of_other_weights(sha256: str) -> None:
    from evaluator.commands.console import aside
    from evaluator.fid.network import is_fid_s_own

    if sha256 and not is_fid_s_own(sha256):
        aside().print(
            f"note: the weights (sha256 {sha256[:8]}…) are not FID's own: compare this with "
            "numbers of the same weights only.",
            soft_wrap=True,
        )


def _show(result: FidResult, *, json: bool) -> None:
    from evaluator.commands.console import aside

    fewest = min(side.pictures or result.choice.dims for side in (result.a, result.b))
    if json:
        print(json_format.dumps(_record(result), indent=2))
    else:
        about = "" if result.choice.mode == "exact" else " (fast, about 1e-3 off)"
        print(f"FID{about}:  {result.fid!r}")
    if numbers := _numbers(result):
        aside().print(numbers)
    # One folder on both sides is told of once, whether or not its features were kept.
    _tell_of_others(*{side.path: side for side in (result.a, result.b)}.values())
    if fewest < result.choice.dims:
        aside().print(
            f"note: {fewest} pictures are fewer than the {result.choice.dims} dimensions: the "
            "value is far above that of more pictures; compare equal numbers only.",
            soft_wrap=True,
        )


def _numbers(result: FidResult) -> str:
    """As papers give it: ``N = 500 and 500 pictures``; empty if neither side tells."""
    a, b = result.a.pictures, result.b.pictures
    if a is None and b is None:
        return ""
    if a is not None and b is not None:
        return f"N = {a} and {b} pictures"
    return "N = " + " and ".join(
        "that of the statistics" if n is None else f"{n} pictures" for n in (a, b)
    )


def _record(result: FidResult) -> dict[str, Any]:
    from evaluator.version import __version__

    sides = {"a": _side_record(result.a), "b": _side_record(result.b)}
    return {
        "fid": result.fid,
        **sides,
        **asdict(result.choice),
        "approximate": result.choice.mode == "fast",
        "weights": result.weights,
        "evaluator_version": __version__,
        "seconds": round(result.seconds, 3),
    }


def _side_record(side: Side) -> dict[str, Any]:
    return asdict(side) | {"path": str(side.path)}


def _label(folder: Path) -> str:
    from evaluator.commands.console import plain

    return plain(folder.name or str(folder))[:40]
