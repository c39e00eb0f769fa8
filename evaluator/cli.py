"""The command line, ``stylearena``: registers the commands and turns errors into exit codes.

Command modules import what they need inside the functions that use it, so that ``--help`` and
usage errors answer at once, without torch.
"""

import os
import signal
import sys
from importlib.metadata import entry_points
from types import FrameType
from typing import NoReturn

import typer

from evaluator.commands.check import check
from evaluator.commands.compare import compare
from evaluator.commands.dataset import app as dataset_app
from evaluator.commands.doctor import doctor
from evaluator.commands.evaluate import evaluate
from evaluator.commands.fid import fid
from evaluator.commands.metrics import metrics
from evaluator.commands.protocol import app as protocol_app
from evaluator.commands.protocol import protocols
from evaluator.commands.runtime import app as runtime_app
from evaluator.commands.score import score
from evaluator.commands.weights import app as weights_app
from evaluator.errors import PlatformFault, StyleArenaError
from evaluator.memory import is_shortage
from evaluator.version import __version__

COMMANDS = "stylearena.commands"  # the group of entry points by which packages add commands
EXIT_REFUSED = 2
EXIT_TERMINATED = 128 + signal.SIGTERM

_SHORT = PlatformFault(
    "memory.short",
    "This machine has too little free memory for that; close other programs, or take fewer or "
    "smaller pictures.",
)

app = typer.Typer(
    name="stylearena",
    help="Compare image style transfer models fairly: check, evaluate and compare entries.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"stylearena {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", is_eager=True, callback=_show_version
    ),
) -> None:
    """Compare image style transfer models fairly: check, evaluate and compare entries."""


app.command()(check)
app.command()(evaluate)
app.command()(score)
app.command()(compare)
app.command()(metrics)
app.command()(fid)
app.add_typer(dataset_app, name="dataset")
app.add_typer(weights_app, name="weights")
app.add_typer(runtime_app)
app.command()(protocols)
app.add_typer(protocol_app, name="protocol")
app.command()(doctor)


def _add_commands() -> None:
    """The commands of installed packages; a name that is taken stays ours."""
    taken = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    }
    for found in sorted(entry_points(group=COMMANDS), key=lambda point: point.name):
        if found.name not in taken:
            app.command(found.name)(found.load())


def _run() -> None:
    _add_commands()
    app()


def main() -> None:
    """Run the command line: exit code 2 for a refusal, 130 for Ctrl-C, 143 for SIGTERM."""
    # Threads that spin while they wait would take the time of the entry's box; read by torch.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Without this a terminated run would leave its box to whatever confines it.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        _run()
    except StyleArenaError as error:
        _refuse(error)
    except Exception as error:
        # Memory can run short anywhere, long after the places that try again with less.
        if not is_shortage(error):
            raise
        _refuse(_SHORT)


def _refuse(error: StyleArenaError) -> NoReturn:
    from evaluator.commands.console import plain

    print(f"error: {plain(str(error))}", file=sys.stderr)
    raise SystemExit(EXIT_REFUSED)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(EXIT_TERMINATED)


if __name__ == "__main__":
    main()
