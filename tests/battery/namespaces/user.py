# oracle: boasted
import ctypes

from host import BOAST

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    print(BOAST if libc.unshare(0x10000000) == 0 else "no")
