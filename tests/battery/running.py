"""One hostile entry, run as any other in a box, or as a bare process for the positive control.

A case is ``<class>/<case>.py``: its first line names the oracle, ``attack()`` is tried when the
entry is loaded. Modules of a case may be imported from ``host``, which ``scene.py`` writes.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from evaluator.entry import open_entry
from evaluator.errors import ParticipantError
from evaluator.sandbox import Box, Limits
from tests.battery.oracles import Outcome, hurt
from tests.battery.scene import Host

__all__ = ["CASES", "in_a_bare_process", "in_a_box", "oracle_of", "settings"]

BATTERY = Path(__file__).parent
CASES = sorted(BATTERY.glob("*/*.py"))
LIMITS = Limits(
    memory_bytes=256 << 20,
    processes=8,
    start_seconds=8,
    scratch_bytes=4 << 20,
    log_flood_bytes=1 << 20,
)
IMPATIENT = Limits(memory_bytes=256 << 20, start_seconds=1.5)
_LOAD = """

def load(device):
    import ctypes
    import host
    ctypes.CDLL(None).prctl(15, host.NAME.encode(), 0, 0, 0)
    attack()
    raise SystemExit("the attack is over")
"""


def oracle_of(case: Path) -> str:
    return case.read_text().partition("\n")[0].removeprefix("# oracle: ")


def settings(case: Path) -> Limits:
    return IMPATIENT if case.parent.name == "time" else LIMITS


def sources(case: Path, host: Host) -> dict[str, str]:
    return {
        "entry.toml": 'name = "case"\nruntime = "python"\nentry = "stylize:load"\n',
        "host.py": host.constants(),
        "stylize.py": case.read_text() + _LOAD,
    }


def in_a_box(case: Path, host: Host, work: Path) -> Outcome:
    """Through the same path as a real entry: archive, static checks, box."""
    archive = work / "case.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for name, text in sources(case, host).items():
            made.writestr(name, text)
    entry = open_entry(archive, work / "entry")
    box, begin, said, code = Box(entry, limits=settings(case)), time.monotonic(), "", ""
    with watching(host) as seen:
        try:
            with box:
                pass
        except ParticipantError as error:
            said, code = str(error), error.code
    return Outcome(
        text=box.log + said,
        code=code,
        crowd=seen["crowd"],
        peak_bytes=seen["bytes"],
        seconds=time.monotonic() - begin,
        entry_changed=changed(entry.root, sources(case, host)),
    )


def in_a_bare_process(case: Path, host: Host, work: Path) -> Outcome:
    """The positive control: the same code with the judge's own rights and no box at all."""
    work.mkdir()
    for name, text in sources(case, host).items():
        (work / name).write_text(text)
    begin = time.monotonic()
    secret, folder = os.open(host.secret_file, 0), os.open(host.secret_file.parent, 0)
    with watching(host) as seen, (work / "output").open("wb") as output:
        process = subprocess.Popen(  # its output to a file: a daemon would hold on to a pipe
            [sys.executable, "-u", "-B", "-c", "import stylize; stylize.load('cpu')"],
            cwd=work,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                "PYTHONPATH": str(BATTERY.parents[1]),
                "TMPDIR": str(host.marks),
            },
            pass_fds=(secret, folder),
            start_new_session=True,
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
    for descriptor in (secret, folder):
        os.close(descriptor)
    text = (work / "output").read_text(errors="replace")
    (work / "output").unlink()
    return Outcome(
        text=text,
        code="",
        crowd=seen["crowd"],
        peak_bytes=seen["bytes"],
        seconds=time.monotonic() - begin,
        entry_changed=changed(work, sources(case, host)),
    )


def end_control(host: Host) -> None:
    """Whatever the control left running goes: by its name, wherever it hopped to."""
    for pid in host.survivors():
        with suppress(OSError):
            os.killpg(os.getpgid(pid), signal.SIGKILL)
    host.reset()
    if hurt(host):
        host.replace_victim()


def changed(folder: Path, made: dict[str, str]) -> bool:
    found = {p.name: p.read_text() for p in folder.iterdir() if p.is_file()}
    shutil.rmtree(folder)
    return found != made


@contextmanager
def watching(host: Host) -> Iterator[dict[str, int]]:
    """Look four times a second how many tasks and bytes the processes of the scene's name have."""
    seen = {"crowd": 0, "bytes": 0}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.25):
            crowd = size = 0
            for pid in host.named():
                with suppress(psutil.Error):
                    process = psutil.Process(pid)
                    crowd += process.num_threads()
                    size += process.memory_full_info().pss
            seen["crowd"], seen["bytes"] = max(seen["crowd"], crowd), max(seen["bytes"], size)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield seen
    over.set()
    watcher.join()
