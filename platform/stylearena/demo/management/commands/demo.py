"""``manage.py demo``: the whole platform on one machine, from nothing to a full board.

Sets everything up, starts Redis, a worker, the sweeper and the site, hands in the reference
entries, shows them being judged, and serves until Ctrl-C. A second run reuses everything.
"""

import os
import signal
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from evaluator.errors import StyleArenaError
from stylearena.demo.installation import require_port, sole_owner
from stylearena.demo.stage import Stage
from stylearena.env import Mode


class Command(BaseCommand):
    help = "Run the whole platform on this machine, with the reference entries on its board."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when the board is complete")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE is not Mode.DEMO:
            raise CommandError("The demo runs with STYLEARENA_MODE=demo: use `make demo`.")
        signal.signal(signal.SIGTERM, _end_by_signal)
        require_port(options["port"])
        try:
            self._run(options["port"], once=options["once"])
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; run it again to go on where it was.")
            sys.exit(128 + signal.SIGINT)

    def _run(self, port: int, *, once: bool) -> None:
        console = Console()
        with sole_owner(Path(settings.DATA_DIR)), Stage(console, port) as stage:
            try:
                stage.set_up()
                stage.judge()
            except StyleArenaError as error:
                raise CommandError(
                    f"{error} If {settings.DATA_DIR} was made by another version, remove it."
                ) from error
            stage.show_board()
            faults = stage.faults()
            if once and faults:
                raise CommandError(" ".join(faults))
            self._announce(console, stage, port)
            if not once:
                _serve(stage)

    def _announce(self, console: Console, stage: Stage, port: int) -> None:
        for fault in stage.faults():
            console.print(f"[red]{fault}[/]", soft_wrap=True)
        if stage.warning():
            console.print(f"[bold red]{stage.warning()}[/]", soft_wrap=True)
        if stage.still_judged():
            console.print("The other phase is still being judged; its board fills meanwhile.")
        console.print(f"Accounts and passwords are in {stage.accounts}", soft_wrap=True)
        self.stdout.write(f"StyleArena is ready: http://127.0.0.1:{port}/")
        self.stdout.flush()


def _serve(stage: Stage) -> None:
    """Until Ctrl-C, which is how a demo ends well."""
    try:
        while True:
            stage.watch()
            time.sleep(0.5)
    except KeyboardInterrupt:
        return


def _end_by_signal(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)
