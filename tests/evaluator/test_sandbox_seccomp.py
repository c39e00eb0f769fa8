"""The filter of system calls, live: each try runs in a process that has installed it.

The same try without the filter is the positive control: it must end in another way.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evaluator.errors import PlatformFault
from evaluator.sandbox import cgroups, seccomp
from evaluator.sandbox.limits import Limits
from evaluator.sandbox.system_call_numbers import MACHINES, numbers_for
from evaluator.sandbox.system_calls import ALLOWED, DENIED

LAUNCHER = Path(seccomp.__file__).with_name("landlock.py")
X86 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the ABIs of x86-64")
START = f"""
import ctypes, errno, mmap, os, runpy, socket, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
landlock = runpy.run_path({str(LAUNCHER)!r})
libc.prctl(38, 1, 0, 0, 0)
if sys.argv[1] != "-":
    landlock["filter_system_calls"](int(sys.argv[1]))
def call(*words):
    result = libc.syscall(*words)
    print(errno.errorcode[ctypes.get_errno()] if result == -1 else "done")
"""


def run(script: str, *, filtered: bool = True) -> tuple[str, int]:
    """What the script printed and how its process ended."""
    handle = seccomp.filter_file()
    done = subprocess.run(
        [sys.executable, "-c", START + script, str(handle) if filtered else "-"],
        pass_fds=[handle],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(handle)
    return done.stdout.strip(), done.returncode


NUMBERS = numbers_for(os.uname().machine)


@pytest.mark.parametrize(
    "call",
    [
        f"{NUMBERS['ptrace']}, 0, 0, 0, 0",
        f"{NUMBERS['io_uring_setup']}, 0, None",
        f"{NUMBERS['keyctl']}, 99",
        f"{NUMBERS['memfd_create']}, b'bomb', 0",
        f"{NUMBERS['unshare']}, 0",
        f"{NUMBERS['socket']}, 1, 1, 0",
        f"{NUMBERS['socketpair']}, 2, 1, 0, None",
        f"{NUMBERS['clone']}, 0x10010000, 0, 0, 0, 0",  # a user namespace shared by a thread
        f"{NUMBERS['ioctl']}, 0, 0x5412, b'x'",
        f"{NUMBERS['ioctl']}, 0, ctypes.c_ulong(0x5412 | 1 << 32), b'x'",
        f"{NUMBERS['ioctl']}, 0, 0x541C, b'x'",
        f"{NUMBERS['prctl']}, 9999, 0, 0, 0, 0",
    ],
)
def test_a_risky_call_is_refused_by_the_filter_itself(call: str) -> None:
    assert run(f"call({call})") == ("EPERM", 0)
    assert run(f"call({call})", filtered=False)[0] not in {"EPERM", ""}


@pytest.mark.parametrize("number", [NUMBERS["clone3"], 999, 0x3FFFFFFF])
def test_what_is_not_listed_does_not_exist(number: int) -> None:
    assert run(f"call({number}, 0, 0)") == ("ENOSYS", 0)


@X86
def test_the_x32_abi_is_killed() -> None:
    script = "call(0x40000000 + 39)"

    assert run(script)[1] == -signal.SIGSYS
    assert run(script, filtered=False) == ("ENOSYS", 0)


@X86
def test_the_32_bit_abi_is_killed() -> None:
    script = """
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, getpid; int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(ctypes.CFUNCTYPE(ctypes.c_int)(address)() == os.getpid())
"""

    assert run(script)[1] == -signal.SIGSYS
    assert run(script, filtered=False)[1] in {0, -signal.SIGSEGV}  # as the kernel was built


def test_threads_children_files_and_socket_pairs_work() -> None:
    script = """
ended = threading.Event()
thread = threading.Thread(target=ended.wait)
thread.start()
if os.fork() == 0:  # beside a thread that runs
    os._exit(7)
ended.set()
thread.join()
print(os.waitstatus_to_exitcode(os.wait()[1]))
left, right = socket.socketpair()
left.send(b"x")
libc.prctl(15, b"named", 0, 0, 0)
import multiprocessing.shared_memory, tempfile
tempfile.TemporaryFile().write(b"x")
multiprocessing.shared_memory.SharedMemory(create=True, size=10).unlink()
print(sys.stdin.isatty())
"""

    assert run(script) == ("7\nFalse", 0)


def test_no_call_is_both_allowed_and_denied() -> None:
    assert not ALLOWED & DENIED


def test_every_call_of_the_policy_has_a_number_somewhere() -> None:
    numbered = set().union(*(numbers_for(machine) for machine in MACHINES))

    assert not (ALLOWED | DENIED) - numbered


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_those_of_libseccomp(machine: str) -> None:
    pyseccomp = pytest.importorskip("pyseccomp", exc_type=ImportError)
    arch = {"x86_64": pyseccomp.Arch.X86_64, "aarch64": pyseccomp.Arch.AARCH64}[machine]
    ours = numbers_for(machine)
    theirs = {}
    for name in ours:
        number = pyseccomp.resolve_syscall(arch, name)
        theirs[name] = number if number >= 0 else ours[name]  # too new for this libseccomp

    assert ours == theirs


def test_another_machine_is_refused_by_name() -> None:
    with pytest.raises(PlatformFault, match="riscv64"):
        seccomp.filter_program("riscv64")


# ---- control groups


def test_a_group_stands_below_the_judges_own(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()

    assert cgroups._bases(tmp_path, "/service") == [tmp_path / "service", tmp_path]
    assert cgroups._bases(tmp_path, "/service/stylearena-judges")[0] == tmp_path / "service"
    assert cgroups._bases(tmp_path, "/../other") == [tmp_path]


def test_a_group_is_bounded_by_the_kernel_and_removed() -> None:
    group = cgroups.make_cgroup(Limits(memory_bytes=1 << 30))
    if group is None:
        pytest.skip("no control group can be made here")
    files = {f.name: f for folder in group.folders for f in folder.iterdir()}
    bound = files.get("memory.max") or files["memory.limit_in_bytes"]

    assert bound.read_text() == f"{1 << 30}\n"
    assert files["pids.max"].read_text() == f"{Limits().tasks}\n"
    group.remove()
    assert not any(folder.exists() for folder in group.folders)


def test_processes_of_a_delegated_group_make_room_for_boxes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 2 refuses controllers below a group that has processes: as the kernel does."""
    (tmp_path / "cgroup.procs").write_text("11\n12\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    moved: list[str] = []

    def kernel(path: Path, value: object) -> None:
        if path.name == "cgroup.procs":
            moved.append(f"{value} to {path.parent.name}")
        elif len(moved) < 2:
            raise OSError(16, "busy")
        else:
            path.write_text(str(value))

    monkeypatch.setattr(cgroups, "_set", kernel)
    cgroups._hand_down(tmp_path)

    assert moved == ["11 to stylearena-judges", "12 to stylearena-judges"]
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory +pids"
