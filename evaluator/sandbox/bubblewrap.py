"""A policy as a bubblewrap command: the full confinement.

Every namespace of its own, nobody's uid, no capability, no further user namespace, an empty
environment, a root that holds the policy's binds and nothing else, read-only but for /tmp and shm,
and the filter of system calls from before the first instruction of the program.
"""

import os
from collections.abc import Iterator

from evaluator.sandbox.policy import Policy

__all__ = ["NOBODY", "bubblewrap_command"]

NOBODY = "65534"
_NAMESPACES = (
    *("--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
    "--unshare-cgroup-try",
    "--disable-userns",
    *("--uid", NOBODY, "--gid", NOBODY, "--hostname", "box"),
    *("--cap-drop", "ALL"),
    *("--die-with-parent", "--new-session", "--clearenv"),
)
# The kernel's own settings, should /proc be there: a box started by root owns them on the host.
_PROC_COVERS = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus")


def bubblewrap_command(bwrap: str, policy: Policy, *, filter_file: int) -> list[str]:
    """The command that starts ``policy`` under bubblewrap.

    ``filter_file`` is a descriptor of the filter of system calls, which the command inherits.
    ``--die-with-parent`` follows the thread that starts the command: it must outlive the box.
    """
    command = [bwrap, *_NAMESPACES]
    for name, value in policy.environment:
        command += ["--setenv", name, value]
    for words in (_binds(policy), _writable(policy)):
        for word in words:
            command += word
    command += ["--remount-ro", "/", "--chdir", policy.places.entry]
    return [*command, "--seccomp", str(filter_file), "--", *policy.command]


def _binds(policy: Policy) -> Iterator[list[str]]:
    for bind in policy.binds:
        yield ["--ro-bind", str(bind.source), bind.target]
    for target, link in policy.symlinks:
        yield ["--symlink", target, link]
    for folder in policy.covers:
        yield ["--tmpfs", folder, "--remount-ro", folder]
    if policy.gpu:  # CUDA does not start without it
        yield ["--proc", "/proc"]
        yield from (["--ro-bind", p, p] for p in _PROC_COVERS if os.path.exists(p))  # noqa: PTH110
    for device in policy.devices:
        yield ["--dev-bind", device, device]


def _writable(policy: Policy) -> Iterator[list[str]]:
    for folder in ("/tmp", "/dev/shm"):  # noqa: S108 - of the box
        yield ["--perms", "1777", "--size", str(policy.scratch_bytes), "--tmpfs", folder]
