"""Run in place of the runner by the self-test: tries to get out, and tells what it could do.

Stands alone, like the runner. The judge checks what it can from outside rather than trust this.
"""

import ctypes
import errno
import json
import os
import resource
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

_CLONE_NEWUSER = 0x10000000
_PR_GET_NO_NEW_PRIVS = 39
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    job = json.loads(sys.argv[1])
    for name, (soft, hard) in job["rlimits"].items():
        resource.setrlimit(getattr(resource, name), (soft, hard))
    findings = {
        "uid": os.getuid(),
        "environment": sorted(os.environ),
        "reads": [path for path in job["secrets"] if _works(_look, path)],
        "writes": [path for path in job["folders"] if _works(_write, path)],
        "scratch": _works(_write, job["scratch"]),
        "signals": _works(os.kill, job["judge"], 0),
        "tcp": _works(_connect, socket.SOCK_STREAM, job["tcp"]),
        "udp": _works(_connect, socket.SOCK_DGRAM, job["udp"]),
        "privileges": _libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 or _has_capabilities(),
        "namespaces": _libc.unshare(_CLONE_NEWUSER) == 0,
        "system_calls": _unfiltered(),
    }
    _answer(job["responses"], findings)
    os.read(job["requests"], 1)  # stay to be looked at from outside, until the judge ends it


def _works(action: Callable[..., object], *arguments: object) -> bool:
    try:
        action(*arguments)
    except OSError:
        return False
    return True


def _look(path: str) -> Any:
    if os.path.isdir(path):  # noqa: PTH112
        return os.listdir(path)  # noqa: PTH208
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(1)


def _write(folder: str) -> None:
    path = os.path.join(folder, f"stylearena-probe-{os.getpid()}")  # noqa: PTH118
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    os.unlink(path)  # noqa: PTH108


def _connect(kind: int, port: int) -> None:
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(1)
        client.connect(("127.0.0.1", port))
        client.sendall(b"out")


def _has_capabilities() -> bool:
    header, data = struct.pack("<Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
    number = {"aarch64": 90}.get(os.uname().machine, 125)
    _libc.syscall(number, header, data)
    return any(data.raw)


def _unfiltered() -> list[str]:
    """Calls that got past the filter: each must be refused before the kernel looks at it.

    On their own these would fail in other ways, or work: EPERM is the filter's answer alone.
    """
    numbers = {"x86_64": 0, "aarch64": 1}.get(os.uname().machine, 0)
    tries = {
        "keyctl": ((250, 219)[numbers], 99),  # EOPNOTSUPP
        "io_uring_setup": (425, 0, None),  # EFAULT
        "userfaultfd": ((323, 282)[numbers], 1 << 30),  # EINVAL
        "process_vm_readv": ((310, 270)[numbers], os.getpid(), None, 0, None, 0, 1),  # EINVAL
        "memfd_create": ((319, 279)[numbers], None, 0),  # EFAULT
    }
    return [name for name, call in tries.items() if not _refused(*call)]


def _refused(*call: int | None) -> bool:
    return int(_libc.syscall(*call)) == -1 and ctypes.get_errno() == errno.EPERM


def _answer(descriptor: int, findings: dict[str, Any]) -> None:
    text = json.dumps(findings).encode()
    os.write(descriptor, struct.pack("<I", len(text)) + text)


if __name__ == "__main__":
    main()
