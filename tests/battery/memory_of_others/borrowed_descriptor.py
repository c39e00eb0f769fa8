# oracle: boasted
import ctypes
import os

from host import BOAST, VICTIM

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    pidfd = os.pidfd_open(VICTIM)
    if libc.syscall(438, pidfd, 0, 0) >= 0:
        print(BOAST)
