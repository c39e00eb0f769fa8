"""A launcher run by ``unshare``: build the root of a policy, move into it, drop everything, exec.

Stands alone: ``python enter.py POLICY_JSON COMMAND…`` with the capabilities of a fresh user
namespace, in fresh mount, pid, net, ipc and uts namespaces. What bubblewrap does in C, for machines
without it. The filter of system calls is read from a descriptor and installed last of all.
"""

import ctypes
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 1 << 18
_MS_NOSUID, _MS_NODEV, _MS_RDONLY, _MS_REMOUNT = 2, 4, 1, 32
_MNT_DETACH = 2
_SYS_PIVOT_ROOT, _SYS_MOUNT_SETATTR, _SYS_CAPSET = 155, 442, 126  # x86-64
_SYS_BY_MACHINE = {"aarch64": {"pivot_root": 41, "capset": 91}}
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 1, 2, 4
_CAPABILITY_VERSION = 0x20080522
_PR_CAPBSET_DROP, _PR_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL = 24, 38, 47, 4
_PR_SET_SECCOMP, _FILTER_MODE, _INSTRUCTION_BYTES = 22, 2, 8

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    policy = json.loads(sys.argv[1])
    root = Path(policy["root"])
    _forbid_namespaces()
    _build(root, policy)
    _move_into(root)
    _drop_capabilities()
    os.chdir(policy["chdir"])
    environment = dict(policy["environment"])
    _filter_system_calls(policy["filter"])
    os.execve(sys.argv[2], sys.argv[2:], environment)  # noqa: S606 - the judge's own command


def _forbid_namespaces() -> None:
    """No user namespace inside this one: each would be a way to the kernel's darker corners."""
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def _build(root: Path, policy: dict[str, Any]) -> None:
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _tmpfs(root, size=1 << 20, mode="755")
    for source, target in policy["binds"]:
        _bind(source, _inside(root, target), _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV)
    for target, link in policy["symlinks"]:
        _inside(root, link).parent.mkdir(parents=True, exist_ok=True)
        _inside(root, link).symlink_to(target)
    for folder in policy["covers"]:
        _tmpfs(_inside(root, folder), size=4096, mode="755")
        _mount("none", _inside(root, folder), None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY)
    for device in policy["devices"]:
        _bind(device, _inside(root, device), _ATTR_NOSUID)
    for folder in ("/tmp", "/dev/shm"):  # noqa: S108 - of the box
        _inside(root, folder).mkdir(parents=True, exist_ok=True)
        _tmpfs(_inside(root, folder), size=policy["scratch_bytes"], mode="1777")


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _tmpfs(folder: Path, *, size: int, mode: str) -> None:
    _mount("tmpfs", folder, "tmpfs", _MS_NOSUID | _MS_NODEV, f"size={size},mode={mode}")


def _bind(source: str, target: Path, attributes: int) -> None:
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _mount(source, target, None, _MS_BIND | _MS_REC)
    # mount_setattr only adds attributes, so that those locked on the source stay as they are.
    change = struct.pack("<4Q", attributes, 0, 0, 0)
    path = os.fsencode(target)
    _check(
        _libc.syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, path, _AT_RECURSIVE, change, len(change)),
        "mount_setattr",
    )


def _mount(
    source: str, target: Path | str, kind: str | None, flags: int, options: str | None = None
) -> None:
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    data = None if options is None else options.encode()
    _check(_libc.mount(*words, ctypes.c_ulong(flags), data), f"mount {target}")


def _move_into(root: Path) -> None:
    """Make ``root`` the root, read-only, and let go of the old one."""
    old = root / "old"
    old.mkdir()
    _check(_libc.syscall(_number("pivot_root"), os.fsencode(root), os.fsencode(old)), "pivot_root")
    os.chdir("/")
    _check(_libc.umount2(b"/old", _MNT_DETACH), "umount")
    Path("/old").rmdir()
    _mount("none", "/", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def _number(name: str) -> int:
    table = {"pivot_root": _SYS_PIVOT_ROOT, "capset": _SYS_CAPSET}
    return _SYS_BY_MACHINE.get(os.uname().machine, table)[name]


def _drop_capabilities() -> None:
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # the unknown ones say EINVAL
    _check(_libc.prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl")
    _check(_libc.prctl(_PR_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    header, nothing = struct.pack("<Ii", _CAPABILITY_VERSION, 0), struct.pack("<6I", *[0] * 6)
    _check(_libc.syscall(_number("capset"), header, nothing), "capset")


def _filter_system_calls(descriptor: int) -> None:
    program = os.read(descriptor, 1 << 16)
    os.close(descriptor)
    held = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // _INSTRUCTION_BYTES, ctypes.addressof(held))
    _check(_libc.prctl(_PR_SET_SECCOMP, _FILTER_MODE, header, 0, 0), "seccomp")


def _check(result: int, step: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{step}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
