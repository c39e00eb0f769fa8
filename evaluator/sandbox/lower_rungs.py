"""A policy as a command of the lower rungs: unshare with our launcher, Landlock, a plain process.

For local use where bubblewrap cannot run. What each of them cannot hold is in its warning
(``rungs.py``), found out by a live test.
"""

import json
import shutil
import sys
from pathlib import Path

from evaluator.sandbox.bubblewrap import NOBODY
from evaluator.sandbox.policy import Policy
from evaluator.sandbox.runtime import Runtime

__all__ = ["landlock_command", "process_command", "unshare_command"]

_HERE = Path(__file__).resolve().parent
_UNSHARE = (
    *("--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--keep-caps"),
    *("--mount", "--pid", "--net", "--ipc", "--uts"),
    *("--fork", "--kill-child=KILL"),
)


def unshare_command(unshare: str, policy: Policy, *, filter_file: int) -> list[str]:
    """util-linux's unshare makes the namespaces, ``enter.py`` the root; as bubblewrap would."""
    root = policy.folder / "root"
    root.mkdir(exist_ok=True)
    plan = {
        "root": str(root),
        "binds": [[str(bind.source), bind.target] for bind in policy.binds],
        "symlinks": policy.symlinks,
        "covers": policy.covers,
        "devices": policy.devices,
        "scratch_bytes": policy.scratch_bytes,
        "environment": policy.environment,
        "chdir": policy.places.entry,
        "filter": filter_file,
    }
    launcher = [sys.executable, "-I", "-S", str(_HERE / "enter.py"), json.dumps(plan)]
    return [*_dying_with_the_judge(), unshare, *_UNSHARE, "--", *launcher, *policy.command]


def landlock_command(policy: Policy, runtime: Runtime, *, filter_file: int) -> list[str]:
    """The program on the host's own files, of which it can open only these."""
    _make_places(policy, runtime)
    rules = {
        "read": [str(bind.source) for bind in policy.binds if bind.source.exists()],
        "list": [policy.places.packages],
        "write": [policy.places.scratch],
        "devices": list(policy.devices),
    }
    # ld.so finds libraries by its cache here; there is no box root to look in.
    rules["read"] += [path for path in ("/etc/ld.so.cache",) if Path(path).exists()]
    launcher = [sys.executable, "-I", "-S", str(_HERE / "landlock.py"), json.dumps(rules)]
    return [*_dying_with_the_judge(), *launcher, str(filter_file), *policy.command]


def process_command(policy: Policy, runtime: Runtime) -> list[str]:
    """The program with its limits and its empty environment, and nothing else."""
    _make_places(policy, runtime)
    return [*_dying_with_the_judge(), *policy.command]


def _dying_with_the_judge() -> list[str]:
    """What bubblewrap does by itself: no box outlives the thread that started it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def _make_places(policy: Policy, runtime: Runtime) -> None:
    """Scratch space, and links to the packages that an entry may import.

    A package beside them, but not of them, must be absent rather than forbidden: what can do
    without it (torch without tqdm) expects an ImportError.
    """
    Path(policy.places.scratch).mkdir(exist_ok=True)
    packages = Path(policy.places.packages)
    packages.mkdir(exist_ok=True)
    for package in runtime.packages:
        (packages / package.name).symlink_to(package.resolve())
