"""``stylearena dataset demo|build|info``: make a dataset folder, or look at one."""

import json as json_format
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evaluator.datasets import Dataset

app = typer.Typer(help="Make dataset folders and look at them.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")]


class DemoSplit(StrEnum):
    """The two disjoint parts of the demo dataset."""

    PUBLIC = "public"
    HELDOUT = "heldout"


@app.command()
def demo(
    split: Annotated[DemoSplit, typer.Option(help="Which part to build.")] = DemoSplit.PUBLIC,
    out: Annotated[
        Path | None, typer.Option(help="A new folder; without it the cached one is used.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Build the demo dataset: photographs and painted works, made offline in under a minute."""
    from evaluator.commands.console import steps
    from evaluator.datasets import load_dataset
    from evaluator.demo import build_demo, demo_dataset
    from evaluator.demo.works import Split

    part: Split = "public" if split is DemoSplit.PUBLIC else "heldout"
    with steps("demo dataset") as bar:

        def tell(done: int, total: int) -> None:
            bar.count("painting the demo dataset", done, total)

        if out is None:
            dataset = demo_dataset(part, progress=tell)
        else:
            build_demo(part, out, tell)
            dataset = load_dataset(out)
    _show(dataset, json=json)


@app.command()
def build(
    content: Annotated[Path, typer.Option(help="Folder of content pictures.")],
    style: Annotated[Path, typer.Option(help="Folder of style pictures; sub-folders: families.")],
    name: Annotated[str, typer.Option(help="The dataset's name.")],
    version: Annotated[str, typer.Option(help="Its version: raise it at every change.")],
    out: Annotated[Path, typer.Option(help="The new folder.")],
    reference: Annotated[
        Path | None, typer.Option(help="Folder of style references for FID (default: the styles).")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="CSV of content,style ids (default: all with all).")
    ] = None,
    title: Annotated[str, typer.Option(help="A title for people (default: the name).")] = "",
    licence: Annotated[str, typer.Option(help="The pictures' licence.")] = "",
    json: AsJson = False,
) -> None:
    """Check every picture and write a dataset folder with its dataset.toml."""
    from evaluator.commands.console import steps
    from evaluator.dataset_build import Sources, build_dataset
    from evaluator.dataset_folder import Description

    with steps("dataset") as bar:
        dataset = build_dataset(
            Sources(content, style, reference, pairs),
            Description(name=name, version=version, title=title, licence=licence),
            out,
            checked=lambda done, total: bar.count("checking pictures", done, total),
        )
    _show(dataset, json=json)


@app.command()
def info(
    dataset: Annotated[
        str,
        typer.Argument(metavar="NAME|DIR", help="'demo', 'demo-heldout' or a dataset's folder."),
    ],
    json: AsJson = False,
) -> None:
    """Show a dataset's counts, families, picture sizes, licences and digest."""
    from evaluator.commands.console import steps
    from evaluator.evaluate import find_dataset

    with steps("dataset") as bar:
        found = find_dataset(
            dataset,
            on_painted=lambda done, total: bar.count("painting the demo dataset", done, total),
        )
    _show(found, json=json)


def _show(dataset: "Dataset", *, json: bool) -> None:
    facts = _facts(dataset)
    if json:
        print(json_format.dumps(facts, ensure_ascii=False))
        return
    from evaluator.commands.console import show_facts

    show_facts(dataset.title, {key: _in_words(value) for key, value in facts.items()})


def _in_words(value: "str | int | dict[str, int]") -> str:
    if isinstance(value, dict):
        return "\n".join(f"{what or '(none given)'}: {count}" for what, count in value.items())
    return str(value)


def _facts(dataset: "Dataset") -> dict[str, str | int | dict[str, int]]:
    # A reference set left to its default is the style set itself: count no picture twice.
    own_reference = dataset.reference.name != dataset.style.name
    pictures = [*dataset.content, *dataset.style, *(dataset.reference if own_reference else ())]
    return {
        "name": dataset.name,
        "version": dataset.version,
        "title": dataset.title,
        "folder": str(dataset.root),
        "contents": len(dataset.content),
        "styles": len(dataset.style),
        "references": len(dataset.reference),
        "pairs": len(dataset.pairs),
        "families": dict(Counter(picture.family for picture in dataset.style)),
        "sizes": dict(Counter(_size(picture.path) for picture in pictures).most_common()),
        "licences": dict(Counter(picture.licence for picture in pictures).most_common()),
        "digest": dataset.digest,
    }


def _size(path: Path) -> str:
    from evaluator.images import size_of

    width, height = size_of(path)
    return f"{width}×{height}"
