# oracle: boasted
import ctypes
import os

from host import BOAST

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    print(BOAST if libc.setns(os.open("/proc/self/ns/net", 0), 0) == 0 else "no")
