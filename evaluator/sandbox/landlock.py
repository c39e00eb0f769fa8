"""A launcher that gives up files it was not promised (Landlock), then becomes the command.

Stands alone: ``python landlock.py RULES_JSON FILTER_DESCRIPTOR COMMAND…``. Landlock (Linux 5.13)
needs no privilege and no namespace, so it works where bubblewrap does not; it hides no processes
and, before Linux 6.7, no network. The filter of system calls, which follows, leaves no sockets on
any kernel. Both hold through exec and for every child.
"""

import ctypes
import json
import os
import struct
import sys

__all__ = ["LandlockError", "abi_version", "restrict"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVS = 38
_CAPBSET_DROP, _CAP_AMBIENT, _CLEAR_ALL = 24, 47, 4
_CAPABILITY_VERSION, _CAPSET = 0x20080522, {"aarch64": 91}
_SET_SECCOMP, _FILTER_MODE, _INSTRUCTION_BYTES = 22, 2, 8

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
# How many file rights each version of the interface knows.
_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_DEVICE = _READ_FILE | _WRITE_FILE
_TCP = 0b11  # bind and connect, from version 4
_SCOPES = 0b11  # abstract sockets and signals stay inside, from version 6

_libc = ctypes.CDLL(None, use_errno=True)


class LandlockError(OSError):
    """The kernel refused a step."""


def abi_version() -> int:
    """The version of the kernel's interface; 0 where there is none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)))


def restrict(rules: dict[str, list[str]]) -> None:
    """Confine this process: ``read`` and ``list`` trees, ``write`` trees, ``devices``."""
    abi = abi_version()
    if abi == 0:
        raise LandlockError("this kernel has no Landlock")
    everything = (1 << _RIGHTS_BY_ABI[min(abi, 5)]) - 1
    rights = {"read": _READ, "list": _READ_DIR, "write": everything, "devices": _DEVICE}
    ruleset = _create_ruleset(abi, everything)
    for kind, paths in rules.items():
        for path in paths:
            _allow(ruleset, path, rights[kind] & everything)
    _check(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check(_libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _create_ruleset(abi: int, everything: int) -> int:
    fields = [everything]
    if abi >= 4:
        fields.append(_TCP)
    if abi >= 6:
        fields.append(_SCOPES)
    attributes = struct.pack(f"<{len(fields)}Q", *fields)
    return _check(_libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0))


def _allow(ruleset: int, path: str, rights: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = rights if os.path.isdir(path) else rights & _FILE_RIGHTS  # noqa: PTH112
        rule = struct.pack("<Qi", allowed, handle)
        _check(_libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(handle)


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise LandlockError(number, os.strerror(number))
    return result


def drop_capabilities() -> None:
    """Give up what root has besides files, for good: execve gives back what the bounds hold."""
    for capability in range(64):
        _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # who is not root may not, and need not
    _check(_libc.prctl(_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0))
    header, nothing = struct.pack("<Ii", _CAPABILITY_VERSION, 0), struct.pack("<6I", *[0] * 6)
    _check(_libc.syscall(_CAPSET.get(os.uname().machine, 126), header, nothing))


def filter_system_calls(descriptor: int) -> None:
    """Install the filter that ``descriptor`` holds, and close it."""
    program = os.read(descriptor, 1 << 16)
    os.close(descriptor)
    held = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // _INSTRUCTION_BYTES, ctypes.addressof(held))
    _check(_libc.prctl(_SET_SECCOMP, _FILTER_MODE, header, 0, 0))


def main() -> None:
    """Restrict this process and become the command, with the environment as it is."""
    restrict(json.loads(sys.argv[1]))
    drop_capabilities()
    filter_system_calls(int(sys.argv[2]))
    os.execv(sys.argv[3], sys.argv[3:])  # noqa: S606 - the judge's own command


if __name__ == "__main__":
    main()
