"""The way from a judge that is root to a box that is not: show what it needs, then drop the uid.

What lies under private folders (an interpreter in a home directory, the unpacked entry) is mounted
where the box's uid can reach it, in a mount namespace that nobody else sees. Nothing is copied.
"""

import os
import shutil
import stat
import tempfile
from dataclasses import replace
from pathlib import Path

from evaluator.errors import PlatformFault
from evaluator.sandbox.policy import Bind, Policy

__all__ = ["box_folder", "staged", "unprivileged"]

# Pairs of source and target up to "--", then the command.
_MOUNT = (
    'while [ "$1" != -- ]; do mount --bind -- "$1" "$2" || exit 125; shift 2; done; '
    'shift; exec "$@"'
)
# Readable by everyone on every system; the rest of what is bound may lie anywhere.
_PUBLIC = ("/usr/", "/lib", "/proc/", "/sys")


def box_folder() -> Path:
    """A new private folder for one box, where root can show it to another uid if it is root's."""
    usual = tempfile.gettempdir()
    places = (usual, "/tmp", "/var/tmp") if os.geteuid() == 0 else (usual,)  # noqa: S108
    place = next((place for place in places if _is_passable(Path(place))), usual)
    return Path(tempfile.mkdtemp(prefix="stylearena-box-", dir=place))


def _is_passable(folder: Path) -> bool:
    """Whether any uid gets through to what lies in ``folder``."""
    folder = folder.resolve()
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))


def staged(policy: Policy) -> tuple[Policy, list[Bind]]:
    """The policy with its private sources replaced by places in its folder; the mounts for that."""
    stage = policy.folder / "stage"
    stage.mkdir()
    policy.folder.chmod(0o711)  # passable, not listable; and the mounts are private
    binds, mounts = [], []
    for number, bind in enumerate(policy.binds):
        if str(bind.source).startswith(_PUBLIC):
            binds.append(bind)
            continue
        place = stage / str(number)
        place.mkdir() if bind.source.is_dir() else place.touch()
        mounts.append(Bind(bind.source, str(place)))
        binds.append(Bind(place, bind.target))
    return replace(policy, binds=tuple(binds)), mounts


def unprivileged(command: list[str], *, uid: int, mounts: list[Bind]) -> list[str]:
    """``command`` with ``mounts`` made before and root's rights gone."""
    pairs = [word for mount in mounts for word in (str(mount.source), mount.target)]
    return [
        *(_tool("unshare"), "--mount", "--propagation", "private", "--"),
        *("/bin/sh", "-c", _MOUNT, "sh", *pairs, "--"),
        *(_tool("setpriv"), f"--reuid={uid}", f"--regid={uid}", "--clear-groups"),
        *("--inh-caps=-all", "--no-new-privs", "--", *command),
    ]


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise PlatformFault(
            f"sandbox.{name}",
            f"A judge that is root needs {name} to leave root; install the system package "
            "util-linux, or run the judge as another user.",
        )
    return path
