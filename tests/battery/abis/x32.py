# oracle: boasted
import ctypes

from host import BOAST

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    libc.syscall(0x40000000 + 39)
    print(BOAST)
