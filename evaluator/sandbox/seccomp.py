"""The policy of system calls as a seccomp filter: a small assembler of classic BPF.

No library is needed on the machine. bubblewrap takes the program by ``--seccomp``; our own
launchers install it as the last thing before they become the entry's process.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from itertools import pairwise

from evaluator.sandbox.system_call_numbers import numbers_for
from evaluator.sandbox.system_calls import (
    ALLOWED,
    CLONE_NAMESPACES,
    DENIED,
    DENIED_IOCTLS,
    PROCESS_CONTROLS,
)

__all__ = ["filter_file", "filter_program"]

_EPERM, _ENOSYS, _AF_UNIX = 1, 38, 1
_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000  # numbers from here on are the x32 ABI's, which shares x86-64's architecture

# Instructions, and where struct seccomp_data holds what they look at (little-endian).
_LOAD, _EQUAL, _AT_LEAST, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x25, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def filter_program(machine: str | None = None) -> bytes:
    """The filter for ``machine`` (this one), as an array of struct sock_filter."""
    machine = machine or os.uname().machine
    numbers = numbers_for(machine)
    program = [*_same_abi(machine), *_by_argument(numbers), *_by_number(numbers)]
    program.append(_answer(_ERRNO | _ENOSYS))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)


def filter_file() -> int:
    """A descriptor to read the filter from, once; the caller closes it."""
    descriptor = os.memfd_create("filter")
    os.write(descriptor, filter_program())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _answer(verdict: int) -> _Instruction:
    return (_RETURN, 0, 0, verdict)


def _same_abi(machine: str) -> Iterator[_Instruction]:
    """Kill what calls by the numbers of another ABI: they would mean other calls."""
    yield (_LOAD, 0, 0, _ARCH)
    yield (_EQUAL, 1, 0, _ARCHITECTURE[machine])
    yield _answer(_KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    if machine == "x86_64":
        yield (_AT_LEAST, 0, 1, _X32)
        yield _answer(_KILL)


def _by_argument(numbers: dict[str, int]) -> Iterator[_Instruction]:
    """The calls that are allowed with some arguments; the kernel too looks at 32 bits of each."""
    yield from _if_call(numbers["clone"], _refuse_bits(0, CLONE_NAMESPACES))
    yield from _if_call(numbers["ioctl"], _one_of(1, DENIED_IOCTLS, listed=_EPERM, other=0))
    yield from _if_call(numbers["prctl"], _one_of(0, PROCESS_CONTROLS, listed=0, other=_EPERM))
    yield from _if_call(numbers["socketpair"], _one_of(0, [_AF_UNIX], listed=0, other=_EPERM))


def _if_call(number: int, then: list[_Instruction]) -> list[_Instruction]:
    return [(_EQUAL, 0, len(then), number), *then]


def _refuse_bits(argument: int, bits: int) -> list[_Instruction]:
    return [
        (_LOAD, 0, 0, _ARGUMENTS + 8 * argument),
        (_ANY_BIT, 0, 1, bits),
        _answer(_ERRNO | _EPERM),
        _answer(_ALLOW),
    ]


def _one_of(argument: int, values: Iterable[int], *, listed: int, other: int) -> list[_Instruction]:
    """Answer by whether an argument is among ``values``: an error number, 0 to allow."""
    program: list[_Instruction] = [(_LOAD, 0, 0, _ARGUMENTS + 8 * argument)]
    for value in values:
        program += [(_EQUAL, 0, 1, value), _answer(_ERRNO | listed if listed else _ALLOW)]
    return [*program, _answer(_ERRNO | other if other else _ALLOW)]


def _by_number(numbers: dict[str, int]) -> Iterator[_Instruction]:
    """Allow and refuse by number, runs of neighbours together."""
    verdicts = {number: _ALLOW for name, number in numbers.items() if name in ALLOWED}
    verdicts |= {n: _ERRNO | _EPERM for name, n in numbers.items() if name in DENIED}
    for first, last in _runs(verdicts):
        yield (_AT_LEAST, 0, 2, first)
        yield (_ABOVE, 1, 0, last)
        yield _answer(verdicts[first])


def _runs(verdicts: dict[int, int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of following numbers with one verdict."""
    ordered = sorted(verdicts)
    first = ordered[0]
    for number, following in pairwise([*ordered, -1]):
        if following != number + 1 or verdicts[following] != verdicts[number]:
            yield first, number
            first = following
