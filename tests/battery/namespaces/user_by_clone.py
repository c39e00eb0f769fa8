# oracle: boasted
import ctypes
import os

from host import BOAST

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    child = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    print(BOAST if child > 0 else "no")
