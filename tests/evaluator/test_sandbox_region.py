"""The memory that pictures go in by: the box reads it and, even with our rights, writes nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from evaluator.sandbox import runner
from evaluator.sandbox.frames import Kind, pack_header
from evaluator.sandbox.region import Region

CONTENT = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
STYLE = CONTENT[:, ::2] + 100

# Every way to write to, or take from, what stands behind a descriptor; none may be left untried.
VANDAL = """
import ctypes, mmap, os, sys

libc = ctypes.CDLL(None, use_errno=True)

def by_map(number):
    mmap.mmap(number, 48)[:4] = b"EVIL"

def by_permission(number):
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, number, 0)
    if libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(4096), 3) == 0:
        ctypes.memmove(address, b"EVIL", 4)

def by_write(number):
    os.pwrite(number, b"EVIL", 0)

def by_length(number):
    os.truncate(number, 8)

def attempt(number):
    for act in (by_map, by_permission, by_write, by_length):
        try:
            act(number)
        except (OSError, ValueError):
            pass

number = int(sys.argv[1])
attempt(number)
try:
    attempt(os.open(f"/proc/self/fd/{number}", os.O_RDWR))
except OSError:
    pass
"""


def vandalise(descriptor: int) -> None:
    command = [sys.executable, "-c", VANDAL, str(descriptor)]
    subprocess.run(command, pass_fds=[descriptor], check=True)


@pytest.fixture
def region() -> Iterator[Region]:
    made = Region()
    yield made
    os.close(made.read_end)
    made.close()


def request(content: np.ndarray, style: np.ndarray) -> bytes:
    return pack_header(Kind.CONTENT, content) + pack_header(Kind.STYLE, style)


def test_what_is_written_is_read_at_every_size(region: Region) -> None:
    reader = runner.Pictures(region.read_end)
    for factor in (1, 40, 2, 300):
        content = CONTENT.repeat(factor, axis=1)
        region.write((content, STYLE[:, :, ::-1]))
        got = reader.read(request(content, STYLE))
        assert (got[0] == content).all()
        assert (got[1] == STYLE[:, :, ::-1]).all()


def test_nobody_else_can_write_it_or_shorten_it(region: Region) -> None:
    region.write((CONTENT, STYLE))
    vandalise(region.read_end)
    content, style = runner.Pictures(region.read_end).read(request(CONTENT, STYLE))
    assert (content == CONTENT).all()
    assert (style == STYLE).all()
    assert os.fstat(region.read_end).st_size >= CONTENT.nbytes + STYLE.nbytes
    region.write((STYLE, CONTENT))  # and the judge still can


def test_without_seals_it_would_be_written() -> None:
    """The control: the same attempts on the same kind of memory."""
    descriptor = os.memfd_create("open")
    os.write(descriptor, CONTENT.tobytes())
    vandalise(descriptor)
    assert os.pread(descriptor, 4, 0) == b"EVIL"
    assert os.fstat(descriptor).st_size == 8
    os.close(descriptor)


def test_a_request_of_other_kinds_is_not_served(region: Region) -> None:
    with pytest.raises(EOFError):
        runner.Pictures(region.read_end).read(pack_header(Kind.STYLE, STYLE) * 2)
