"""``stylearena protocol show`` and ``stylearena protocols``: what a score was measured by.

The TOML printed here covers everything that can change a number, and is what the digest is of.
"""

from typing import Annotated

import typer

app = typer.Typer(help="Show protocols in full.", no_args_is_help=True)


@app.command()
def show(name: Annotated[str, typer.Argument(help="A protocol's name, e.g. standard-1.")]) -> None:
    """Print one protocol as TOML, with its digest."""
    from evaluator.protocols import protocol

    found = protocol(name)
    print(f"# digest {found.digest()}")
    print(found.to_toml().rstrip())


def protocols() -> None:
    """List the protocols this version knows."""
    from rich.table import Table

    from evaluator.commands.console import people
    from evaluator.protocols import DEFAULT_PROTOCOL, protocol, protocol_names

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("protocol", "title", "notice", "digest"):
        table.add_column(heading, no_wrap=heading in ("protocol", "digest"))
    for name in protocol_names():
        found = protocol(name)
        mark = " (default)" if name == DEFAULT_PROTOCOL else ""
        table.add_row(f"{name}{mark}", found.title, found.notice, found.digest()[:12])
    people().print(table)
