# oracle: boasted
import ctypes

from host import BOAST

libc = ctypes.CDLL(None, use_errno=True)


def attack():
    if libc.socket(40, 1, 0) >= 0 or ctypes.get_errno() == 97:
        print(BOAST)
